use serde::{Deserialize, Serialize};

use crate::{AskId, Moment};

/// One reason why a job waits, for a machine and in an operator's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blocker {
    /// The gate that refuses, such as `resources`; `mode`, `order` and `strategy` are the stack's own.
    pub gate: String,
    /// What about it, such as `memory`.
    pub code: String,
    /// A sentence without a subject: `waits for 6.0 GiB memory; 3.2 GiB free; …`.
    pub text: String,
    /// The jobs that stand in the way, the largest holders first, at most [`Blocker::HOLDERS`].
    pub holders: Vec<AskId>,
    /// What would lift it.
    pub lifts: Lift,
    /// When that is expected, as far as anyone can say.
    pub expected: Option<Moment>,
}

impl Blocker {
    /// How many holders are named at most.
    pub const HOLDERS: usize = 8;
}

/// What would lift a [`Blocker`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lift {
    /// Enough running jobs end.
    JobsEnd,
    /// This job starts or is withdrawn.
    JobStarts(AskId),
    /// Time passes until then.
    At(Moment),
    /// A reading of the node gets better.
    Pressure,
    /// An operator resumes, or changes the strategy.
    Operator,
}

/// Why a job can never start here: it demands more than the node has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("it {text}")]
pub struct Never {
    /// The gate that can never let it pass.
    pub gate: String,
    /// A sentence without a subject: `demands 64.0 GiB memory; the node gives 24.0 GiB`.
    pub text: String,
}

/// Why an ask was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It demands more than the node has: the job fails, now.
    #[error(transparent)]
    Never(Never),
    /// The node is being drained and takes in nothing: try another, or later.
    #[error("the node is being drained and takes in nothing new")]
    Draining,
}
