//! The user's order, kept as it was sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{Job, Key, Kind, Notify, Problem, TraceParent};

/// An order that somebody wants executed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInstruction {
    /// The name to keep it under; made up when absent. Sending the same twice is the same as once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// Which digester executes it.
    pub kind: Kind,
    /// Whose it is: a crop, a project, a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    /// The key of the instruction that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Key>,
    /// The trace that it belongs to; the request's, or a new one, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
    /// Who is told when one of its jobs has come to its end. Of an instruction that is sent again,
    /// those of the first time are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Notify>,
    /// The order itself, in the words of its kind.
    #[schema(value_type = Value)]
    pub body: Box<RawValue>,
}

/// An order as it is kept: it never changes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Instruction {
    /// The name it is kept under.
    pub key: Key,
    /// Which digester executes it.
    pub kind: Kind,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    /// The key of the instruction that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Key>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The order itself, as sent.
    #[schema(value_type = Value)]
    pub body: Box<RawValue>,
}

/// What the creation of an instruction answers: the key, and the job that will execute it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Accepted {
    /// The name the instruction is kept under.
    pub key: Key,
    /// The first job of this instruction.
    pub job: Job,
}

/// What is answered to one of many instructions: what was accepted, or the problem with it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AcceptedItem {
    /// The HTTP status that the instruction would have been answered with had it come alone.
    pub status: u16,
    /// What was accepted, now or before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
    /// Why the instruction was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}
