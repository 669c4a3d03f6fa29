//! What executes instructions of a kind.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    time::{Duration, Instant},
};

use regulator::Demand;
use schema::{Key, Kind, Preview, Progress};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Executes instructions of one kind, in a thread of its own.
pub trait Digester: Send + Sync + 'static {
    /// The kind.
    fn kind(&self) -> Kind;

    /// What an attempt at this instruction will take of the node; judged before it may start. It
    /// may look at the disk.
    fn needs(&self, instruction: &RawValue) -> Needs;

    /// Executes the instruction. A panic fails the job, with the panic's message.
    fn digest(&self, work: &Work) -> Outcome;

    /// What would become of the instruction, found out without leaving anything behind. `None`: it
    /// cannot be told, or not in time.
    fn preview(&self, _instruction: &RawValue, _glance: &Glance) -> Option<Preview> {
        None
    }

    /// The folders that a digest of the instruction writes to. In a process of its own it can write
    /// nowhere else.
    fn writes(&self, _instruction: &RawValue) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Removes what a digest of the instruction left whose process was killed.
    fn sweep(&self, _instruction: &RawValue) -> io::Result<()> {
        Ok(())
    }
}

/// What a digest may use of the node, in whichever process it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bounds {
    /// Where it may read and write; none: anywhere.
    pub roots: Vec<PathBuf>,
    /// Threads that digest; as many as there are cores when absent.
    pub threads: Option<usize>,
    /// How many bytes an output may have.
    pub max_file: Option<u64>,
}

/// The time that a look at an instruction may take: somebody waits for it.
#[derive(Clone, Copy, Debug)]
pub struct Glance(Instant);

impl Glance {
    pub(crate) fn of(length: Duration) -> Self {
        Self(Instant::now() + length)
    }

    /// How much of it is left.
    pub(crate) fn left(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether to stop. Look often.
    #[must_use]
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.0
    }
}

/// What an attempt will take, for the regulator.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Cores, memory, scratch disk.
    pub demand: Demand,
    /// What no two attempts may touch at once: a data set, a folder.
    pub exclusive: Option<String>,
    /// How much work it is, in units of its kind.
    pub cost: Option<u64>,
}

impl Needs {
    /// As the web service keeps them.
    pub(crate) fn told(&self) -> schema::Demand {
        let Demand { cpu_milli, memory, scratch, io } = self.demand;
        let (exclusive, size) = (self.exclusive.clone(), self.cost.filter(|cost| *cost > 0));
        schema::Demand { cpu_milli, memory, scratch, io, exclusive, size }
    }
}

/// Who hears of an attempt, and decides over it.
pub(crate) trait Listener: Send + Sync {
    fn stage(&self, stage: &str, message: &str);
    fn progress(&self, progress: Progress);
    fn held_disk(&self, bytes: u64);
    fn held_memory(&self, bytes: u64);
    fn hold(&self, bytes: u64) -> Result<(), String>;
    fn may_publish(&self) -> bool;
    fn is_cancelled(&self) -> bool;
}

/// One attempt, as its digester sees it.
pub struct Work {
    key: Key,
    instruction: Box<RawValue>,
    listener: Box<dyn Listener>,
}

impl Work {
    pub(crate) fn new(
        key: Key,
        instruction: Box<RawValue>,
        listener: impl Listener + 'static,
    ) -> Self {
        Self { key, instruction, listener: Box::new(listener) }
    }

    /// The key of the instruction.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// The instruction, as it was sent.
    #[must_use]
    pub fn instruction(&self) -> &RawValue {
        &self.instruction
    }

    /// Tells which stage begins.
    pub fn stage(&self, stage: &str, message: &str) {
        self.listener.stage(stage, message);
    }

    /// Tells how far it has come. Cheap: call it as often as you like.
    pub fn progress(&self, progress: Progress) {
        self.listener.progress(progress);
    }

    /// Tells the most bytes of disk that it held, for the regulator to learn from.
    pub fn held_disk(&self, bytes: u64) {
        self.listener.held_disk(bytes);
    }

    /// Tells the most bytes of memory that it held, for the regulator to learn from.
    pub(crate) fn held_memory(&self, bytes: u64) {
        self.listener.held_memory(bytes);
    }

    /// Asks for so many more bytes of the disk, until it ends. If they are refused, with the reason,
    /// it must fail.
    pub fn hold(&self, bytes: u64) -> Result<(), String> {
        self.listener.hold(bytes)
    }

    /// Whether what was made may get its final name now; if not, stop and leave nothing behind.
    ///
    /// Waits while it is not known whether the attempt still holds the job: somebody else may have
    /// begun the next one. Ask as late as can be.
    #[must_use]
    pub fn may_publish(&self) -> bool {
        self.listener.may_publish()
    }

    /// Whether to stop, and leave nothing behind. Look often.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.listener.is_cancelled()
    }
}

/// How an attempt ended.
#[derive(Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// Everything was written.
    Completed {
        /// The last word, for people.
        message: String,
        /// What was written and found.
        report: Option<Box<RawValue>>,
    },
    /// Nothing was written.
    Failed {
        /// Why, for people.
        message: String,
        /// What was found.
        report: Option<Box<RawValue>>,
    },
    /// Nothing was written, since there was not memory enough.
    OutOfMemory {
        /// What there was, for people.
        message: String,
        /// What was found.
        report: Option<Box<RawValue>>,
    },
    /// It stopped because it was told to, and left nothing behind.
    Stopped,
}

pub(crate) const fn failed(message: String) -> Outcome {
    Outcome::Failed { message, report: None }
}

/// Digests; a panic becomes a failure with its message.
pub(crate) fn digest_caught(digester: &dyn Digester, work: &Work) -> Outcome {
    // The digester's own state is dropped with the unwinding; what it shares with us is locked.
    catch_unwind(AssertUnwindSafe(|| digester.digest(work))).unwrap_or_else(|panic| {
        let message = edge::panic_text(&*panic);
        tracing::error!(panic = message, "the digester panicked");
        failed(format!("the digester panicked: {message}"))
    })
}

/// Looks at an instruction; a panic is told as what would become of it.
pub(crate) fn preview_caught(
    digester: &dyn Digester,
    instruction: &RawValue,
    glance: &Glance,
) -> Option<Preview> {
    // As with digests: its own state is dropped with the unwinding.
    let seen = catch_unwind(AssertUnwindSafe(|| digester.preview(instruction, glance)));
    seen.unwrap_or_else(|panic| {
        let why = edge::panic_text(&*panic);
        tracing::error!(panic = why, "the digester panicked over an instruction");
        Some(hopeless(format!("the digester panicked: {why}")))
    })
}

/// What would become of an instruction that nothing can become of.
pub(crate) const fn hopeless(message: String) -> Preview {
    Preview { fine: false, message, node: None, report: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_all_that_is_needed() {
        let demand = Demand { cpu_milli: 1, memory: 2, scratch: 3, io: 4 };
        let needs = Needs { demand, exclusive: Some("set 7".to_owned()), cost: Some(5) };
        let told = serde_json::to_value(needs.told()).unwrap();
        let expected = serde_json::json!({"cpu_milli": 1, "memory": 2, "scratch": 3, "io": 4,
                                          "exclusive": "set 7", "size": 5});
        assert_eq!(told, expected);
    }
}
