//! One line of a job's history.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{JobId, JobStatus, NodeId};

/// Something that happened to a job. Events are only ever added.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobEvent {
    /// Grows with time; resume a stream after it.
    pub id: i64,
    /// The job it happened to.
    pub job: JobId,
    /// When the web service heard of it.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The job's status after it.
    pub status: JobStatus,
    /// The attempt it belongs to; 0 before the first.
    pub attempt: u32,
    /// The stage entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The node that told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// What happened, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
