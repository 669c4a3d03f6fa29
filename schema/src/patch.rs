//! What a digester service says of a job it holds.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{Demand, JobId, JobStatus, NodeId, Problem, TraceParent, object::optional_object};

/// How far a job has come, in units of its kind (bytes, for a digest).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units known to be there; may grow while a digest finds more.
    pub total: u64,
}

/// News of a job: who says it (`attempt` and `node`), in which order (`sequence`), and what.
///
/// The row takes a patch only if it is newer than what it knows; sending the same patch twice is
/// the same as sending it once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobPatch {
    /// The attempt that speaks. A claim carries the number after the last one.
    pub attempt: u32,
    /// Counts the patches of one attempt, from 0, which is the claim.
    pub sequence: u32,
    /// The node that speaks.
    pub node: NodeId,
    /// The status to move to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<JobStatus>,
    /// What the attempt will take of its node; told with the claim.
    #[serde(
        default,
        deserialize_with = "optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub demand: Option<Demand>,
    /// Whether the attempt ended without a word, and its node only found that out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut_short: bool,
    /// The stage entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// How far it has come.
    #[serde(
        default,
        deserialize_with = "optional_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub progress: Option<Progress>,
    /// A word for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What a settled job leaves; of a digest it is a `Report`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub report: Option<Box<RawValue>>,
}

impl JobPatch {
    /// The words that are kept in a job's history; mere progress is not.
    #[must_use]
    pub fn is_event(&self) -> bool {
        self.status.is_some() || self.stage.is_some() || self.message.is_some()
    }
}

/// What the web service answers to a patch it took, or had taken before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PatchAnswer {
    /// The job's status now.
    pub status: JobStatus,
    /// The attempt that holds or held it.
    pub attempt: u32,
    /// Whether somebody asked for its end: the digester should stop.
    pub cancel_requested: bool,
}

/// A patch within a batch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AddressedPatch {
    /// The job it is for.
    pub id: JobId,
    /// What is said of it.
    pub patch: JobPatch,
    /// The trace that the job belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
}

/// The answer to one item of a batch: either what was taken, or the problem with it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ItemAnswer {
    /// The job it was for.
    pub id: JobId,
    /// How the job stands after the item was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<PatchAnswer>,
    /// Why the item was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}
