//! What executes instructions of a kind.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use edge::Step;
use regulator::Demand;
use schema::{Key, Kind, Preview, Progress};
use serde_json::value::RawValue;

use crate::{lease::Lease, reporter::Reporter};

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
}

/// The time that a look at an instruction may take: somebody waits for it.
#[derive(Clone, Copy, Debug)]
pub struct Glance(Instant);

impl Glance {
    pub(crate) fn of(length: Duration) -> Self {
        Self(Instant::now() + length)
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

/// One attempt, as its digester sees it.
pub struct Work {
    key: Key,
    instruction: Box<RawValue>,
    reporter: Arc<Reporter>,
    /// Absent where the web service that is reported to grants none.
    lease: Option<Arc<Lease>>,
}

impl Work {
    pub(crate) const fn new(
        key: Key,
        instruction: Box<RawValue>,
        reporter: Arc<Reporter>,
        lease: Option<Arc<Lease>>,
    ) -> Self {
        Self { key, instruction, reporter, lease }
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
        self.reporter.stage(stage, message);
    }

    /// Tells how far it has come. Cheap: call it as often as you like.
    pub fn progress(&self, progress: Progress) {
        self.reporter.progress(progress);
    }

    /// Tells the most bytes of disk that it held, for the regulator to learn from.
    pub fn held_disk(&self, bytes: u64) {
        self.reporter.held_disk(bytes);
    }

    /// Whether what was made may get its final name now; if not, stop and leave nothing behind.
    ///
    /// Waits while it is not known whether the attempt still holds the job: somebody else may have
    /// begun the next one. Ask as late as can be.
    #[must_use]
    pub fn may_publish(&self) -> bool {
        Step::Publishing.pass();
        match &self.lease {
            Some(lease) => lease.wait_held(|| self.is_cancelled()),
            None => !self.is_cancelled(),
        }
    }

    /// Whether to stop, and leave nothing behind. Look often.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.reporter.is_stopped()
    }
}

/// How an attempt ended.
#[derive(Debug)]
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
    /// It stopped because it was told to, and left nothing behind.
    Stopped,
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
