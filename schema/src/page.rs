//! Lists that stay cheap however long they are: a filter, a page, and where the next one begins.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{JobId, JobStatus, Key, Kind, NodeId};

/// Which jobs to list. Newest first, unless `settled=false` or a status asks for what is still to
/// do: that comes in the order of submission.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobFilter {
    /// Only jobs with this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<JobStatus>,
    /// Only jobs that have (or have not) reached their end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<bool>,
    /// Only jobs of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub kind: Option<Kind>,
    /// Only jobs of this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(pattern = "^[^\\x00]*$")]
    pub tenant: Option<String>,
    /// Only jobs that this node holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub node: Option<NodeId>,
    /// Only jobs of this instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub key: Option<Key>,
    /// Whether the instructions come along, as far as there is room for them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub instructions: bool,
    /// Where the page begins: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<uuid::Uuid>)]
    pub after: Option<JobId>,
    /// How many at most; 50 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    pub limit: Option<Limit>,
}

/// How many items a page may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Limit(u32);

/// A number of items that no page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a page holds from 1 to {} items", Limit::MOST.0)]
pub struct InvalidLimit;

impl Limit {
    /// A single item.
    pub const ONE: Self = Self(1);
    /// What a list of jobs or notifications holds when nothing is said.
    pub const SOME: Self = Self(50);
    /// What the audit holds when nothing is said.
    pub const MANY: Self = Self(100);
    /// As many as there may be.
    pub const MOST: Self = Self(500);

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// How many to look for: one more than a page holds tells that there is a next one.
    #[must_use]
    pub fn and_one(self) -> i64 {
        i64::from(self.0) + 1
    }
}

impl TryFrom<u32> for Limit {
    type Error = InvalidLimit;

    fn try_from(count: u32) -> Result<Self, InvalidLimit> {
        (1..=Self::MOST.0).contains(&count).then_some(Self(count)).ok_or(InvalidLimit)
    }
}

impl From<Limit> for u32 {
    fn from(limit: Limit) -> Self {
        limit.0
    }
}

impl FromStr for Limit {
    type Err = InvalidLimit;

    fn from_str(text: &str) -> Result<Self, InvalidLimit> {
        text.parse().map_err(|_| InvalidLimit).and_then(|count: u32| count.try_into())
    }
}

/// A piece of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Pass as `after` to get the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The first `limit` items. One more than those tells that there is a next page, which begins
    /// after the last of this one.
    #[must_use]
    pub fn of<N: ToString>(mut items: Vec<T>, limit: Limit, name: impl Fn(&T) -> N) -> Self {
        let limit = limit.get() as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| name(last).to_string());
        Self { items, next }
    }
}
