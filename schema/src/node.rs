//! Digester services: what they say of themselves, and what is known of them.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{JobId, Kind, NodeId};

/// One try at a job.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub struct Attempt {
    /// The job.
    pub id: JobId,
    /// Which of its attempts.
    pub attempt: u32,
}

/// What a digester service says of itself, every few moments. A newer one may say more.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Heartbeat {
    /// The process that speaks: a UUID of version 7, so that later processes have greater ones.
    pub boot: Uuid,
    /// Where it takes jobs in.
    pub address: String,
    /// The kinds that it has digesters for.
    pub kinds: Vec<Kind>,
    /// How many jobs it holds at most.
    pub capacity: u32,
    /// How many it holds now.
    pub held: u32,
    /// How many more it would take now.
    pub room: u32,
    /// Its version.
    pub version: String,
    /// Whether this is its last word: what it still has is for others now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
    /// The attempts that it answers for: those under way, and those whose outcome it has still to
    /// deliver.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// The attempts that are said to be its own, and are not: they ended without a word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut_short: Vec<Attempt>,
    /// The folders that its digesters may use; none: any, or it is too old to tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<String>,
}

/// What a heartbeat brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lease {
    /// How long what the node has is its own, in milliseconds from when the heartbeat was sent.
    pub lease_ms: u64,
    /// Attempts that are not the node's any more: it is to stop them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Attempt>,
    /// Attempts whose end somebody asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancel: Vec<Attempt>,
}

impl Lease {
    /// How long it is.
    #[must_use]
    pub const fn length(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    /// How long a node may go by it after it sent the heartbeat: a little less than it is, since what
    /// is published has to be so before others may begin.
    #[must_use]
    pub fn trusted(&self) -> Duration {
        self.length() * 3 / 4
    }
}

/// Whether something was heard of a node lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// Its lease holds.
    Live,
    /// Its lease has lapsed: what it had is for others.
    Lapsed,
}

/// A digester service as the web service knows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// The name that its operator gave it.
    pub id: NodeId,
    /// Whether something was heard of it lately.
    pub state: NodeState,
    /// Where it takes jobs in.
    pub address: String,
    /// The kinds that it has digesters for.
    pub kinds: Vec<Kind>,
    /// How many jobs it holds at most.
    pub capacity: u32,
    /// How many it held when it was last heard.
    pub held: u32,
    /// How many of those were under way, or had ended and were still to be reported.
    pub running: u32,
    /// How many more it would have taken then.
    pub room: u32,
    /// Its version.
    pub version: String,
    /// When its present process made itself known.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// When it was last heard.
    #[schema(value_type = String, format = DateTime)]
    pub seen_at: Timestamp,
    /// Until when what it has is its own.
    #[schema(value_type = String, format = DateTime)]
    pub lease_until: Timestamp,
}
