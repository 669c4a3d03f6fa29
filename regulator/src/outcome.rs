use serde::{Deserialize, Serialize};

/// How a started job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It did its work.
    Completed,
    /// It ran and failed, for a reason of its own.
    Failed,
    /// It was ended for want of memory; it will be given twice as much, alone.
    OutOfMemory,
    /// It never ran: the claim was refused, or it was cancelled first. Nothing is learned.
    NotRun,
}

/// What a started job leaves for the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// The most memory it held, in bytes, if measured.
    pub peak_memory: Option<u64>,
    /// The most scratch disk it held, in bytes, if measured.
    pub peak_scratch: Option<u64>,
}

impl Outcome {
    /// An outcome with nothing measured.
    pub const fn of(end: End) -> Self {
        Self { end, peak_memory: None, peak_scratch: None }
    }
}
