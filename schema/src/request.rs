//! What a digester service is asked, and what it answers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{JobId, Key, Kind, NewJob, NodeId, Problem, Progress, object::object};

/// A job for a digester service.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DigestRequest {
    /// The job, with its instruction.
    pub job: NewJob,
    /// How to execute it.
    #[serde(default, deserialize_with = "object")]
    pub config: DigestConfig,
}

/// How a job is to be executed. What is absent is the node's own default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DigestConfig {
    /// Where the node reports; must be one that its own configuration allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
    /// Whether the callback target handed the job over itself, and so knows its instruction.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known: bool,
    /// The longest an attempt may take, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_seconds: Option<u64>,
}

/// The answer to a [`DigestRequest`]: the node holds the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Taken {
    /// The job.
    pub id: JobId,
    /// The node that holds it now.
    pub node: NodeId,
    /// Whether the node had it already.
    pub already_held: bool,
}

/// The answer to one of many [`DigestRequest`]s: either the node holds the job, or why not.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TakenItem {
    /// The job.
    pub id: JobId,
    /// That the node holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
    /// Why the node does not hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What a held job is doing on its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeldState {
    /// Taken in; the regulator has not admitted it.
    Waiting,
    /// Admitted; the claim is under way.
    Claiming,
    /// A digester is at it.
    Running,
    /// Done; the outcome is on its way to the web service.
    Reporting,
}

/// A job as its node sees it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Held {
    /// The job.
    pub id: JobId,
    /// The key of its instruction.
    pub key: Key,
    /// Which digester executes it.
    pub kind: Kind,
    /// What it is doing.
    pub state: HeldState,
    /// The stage of a running job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// How far a running job has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Why a waiting job waits, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
    /// A waiting job's place in its queue, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<u64>,
    /// How many wait in that queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_length: Option<u64>,
    /// When a waiting job is expected to start; a guess that grows better as it comes near.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expected_at: Option<Timestamp>,
    /// When the node took it in.
    #[schema(value_type = String, format = DateTime)]
    pub taken_at: Timestamp,
}
