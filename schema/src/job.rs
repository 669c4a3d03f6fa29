//! One instruction on its way.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{Demand, Held, JobId, JobStatus, Key, Kind, NodeId, Progress, TraceParent};

/// A job as the web service knows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// The job's id.
    pub id: JobId,
    /// A short number, for people and for clients that know no long ids.
    pub number: i64,
    /// The key of the instruction it executes.
    pub key: Key,
    /// Which digester executes it.
    pub kind: Kind,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Who sent the instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    /// Where it is on its way.
    pub status: JobStatus,
    /// What a running job is at, or the last thing a settled one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// How far a running job has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The last word about it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How many attempts have been made; the last one holds or held the job.
    pub attempt: u32,
    /// How many attempts ended without a word, as by a crash; too many, and the job is given up.
    #[serde(default)]
    pub cut_short: u32,
    /// The node that holds it, or the last one that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// What the last attempt demanded of its node, if it told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand: Option<Demand>,
    /// Whether somebody asked for its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancel_requested: bool,
    /// The job that this one does over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<JobId>,
    /// The trace that it belongs to. Lists leave it out, unless they bring instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    pub submitted_at: Timestamp,
    /// When the last attempt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// When something was last heard of it.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// When it came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub settled_at: Option<Timestamp>,
    /// The instruction, where it was asked for and there was room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub instruction: Option<Box<RawValue>>,
    /// What the node says of a job that waits there: why, its place, when it may start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Held>)]
    pub held: Option<Box<Held>>,
    /// What it left: see `Report`. Lists leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::Report>)]
    pub report: Option<Box<RawValue>>,
}

/// A job as a digester service announces it: known already, or given to the node directly.
///
/// The instruction may be left out when the web service handed the job over itself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// The job's id.
    pub id: JobId,
    /// The key of its instruction.
    pub key: Key,
    /// Which digester executes it.
    pub kind: Kind,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    /// How many attempts have been made so far.
    #[serde(default)]
    pub attempt: u32,
    /// The node that has it waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// The trace that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
    /// The order itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub instruction: Option<Box<RawValue>>,
}
