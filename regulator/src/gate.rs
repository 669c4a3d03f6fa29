use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::{Ask, Blocker, Books, Demand, Moment, Never, Outcome, Room, Running, Signal};

/// A property by which jobs are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// What sort of work.
    Kind,
    /// Who shares the node with others.
    Tenant,
    /// What it must not do at the same time as another.
    Key,
}

impl Facet {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Kind, Self::Tenant, Self::Key];

    /// The value an ask has; a job without a key shares none.
    pub fn of(self, ask: &Ask) -> Option<&str> {
        match self {
            Self::Kind => Some(&ask.kind),
            Self::Tenant => Some(&ask.tenant),
            Self::Key => ask.key.as_deref(),
        }
    }
}

/// For whom a gate's refusal speaks: how much of the line need not be asked again.
///
/// The narrower the reach, the more a scan has to look at. A refusal that reaches
/// `Same(Facet::Key)` must depend on the running jobs of that key alone: such jobs leave the line
/// until one of them ends, which is what keeps admission flat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Every job.
    Node,
    /// Every job with the same value.
    Same(Facet),
    /// This job alone: those behind it go past as if it were not there.
    Job,
    /// This job alone, for want of room that it has a claim on: the line waits behind it, or goes
    /// past by the rule of backfill.
    Room,
}

/// A waiting job as gates see it: what was asked, with what experience adds.
#[derive(Clone, Copy, Debug)]
pub struct Want<'a> {
    /// What was asked.
    pub ask: &'a Ask,
    /// What would be booked for it.
    pub demand: Demand,
    /// How long it is expected to run.
    pub runtime: Option<Duration>,
    /// Whether it needs the node for itself.
    pub alone: bool,
}

impl Want<'_> {
    /// Whether it is expected to end by `moment` if it starts now.
    pub fn ends_by(&self, moment: Moment, books: &Books) -> bool {
        self.runtime.is_some_and(|runtime| books.now().moment.plus(runtime) <= moment)
    }
}

/// A small rule that may veto a start.
///
/// Its answers follow from what it was handed: no clock, I/O or randomness. What runs it reads
/// from the [`Books`]; of its own it keeps only what those do not tell, such as tokens.
pub trait Gate: Send {
    /// Its name in strategies and explanations.
    fn name(&self) -> &'static str;

    /// For whom its refusal speaks.
    fn reach(&self) -> Reach;

    /// Whether the job may start now.
    fn admits(&self, want: &Want<'_>, books: &Books) -> bool;

    /// Why it may not: empty exactly when [`Gate::admits`] says yes.
    fn blockers(&self, want: &Want<'_>, books: &Books) -> Vec<Blocker>;

    /// The budget it keeps, for reservations and the bounds of learned demand.
    fn room(&self, _books: &Books) -> Room {
        Room::UNBOUNDED
    }

    /// Why the job can never start under it.
    fn never(&self, _want: &Want<'_>) -> Option<Never> {
        None
    }

    /// Whether it would still admit `head` if `other` starts before it. Budgets in [`Gate::room`]
    /// need not be looked at again.
    fn leaves_room(&self, _head: &Want<'_>, _other: &Want<'_>, _books: &Books) -> bool {
        true
    }

    /// A job starts; every gate has agreed.
    fn started(&mut self, _run: &Running, _books: &Books) {}

    /// A job ended; the books no longer hold it.
    fn finished(&mut self, _run: &Running, _outcome: &Outcome, _books: &Books) {}

    /// The world was sampled.
    fn observe(&mut self, _signal: &Signal, _books: &Books) {}

    /// When its answers could change by themselves.
    fn wake(&self, _books: &Books) -> Option<Moment> {
        None
    }

    /// What a status page shows of it.
    fn state(&self, books: &Books) -> GateState;

    /// What it must not forget when parameters change or the process restarts.
    fn remember(&self, _books: &Books) -> Value {
        Value::Null
    }

    /// Takes up what a gate of the same name remembered.
    fn recall(&mut self, _memory: &Value, _books: &Books) {}
}

/// One gate on a status page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateState {
    /// Its name.
    pub name: &'static str,
    /// How it stands, in words.
    pub text: String,
    /// What it gives out, how much of it is in use.
    pub budgets: Vec<Budget>,
}

/// One budget on a status page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Budget {
    /// Of what: `slots`, `cpu_milli`, `memory`, …
    pub name: String,
    /// How much is in use.
    pub used: u64,
    /// How much there is.
    pub capacity: u64,
}

/// The verb for so many jobs: one holds, two hold.
pub(crate) fn hold(ids: &[crate::AskId]) -> &'static str {
    if ids.len() == 1 { "holds" } else { "hold" }
}

/// Up to three ids in a sentence: `job A`, `jobs A and B`, `jobs A, B, C and more`.
pub(crate) fn jobs(ids: &[crate::AskId]) -> String {
    match ids {
        [] => "running jobs".to_owned(),
        [one] => format!("job {one}"),
        [one, two] => format!("jobs {one} and {two}"),
        [one, two, three] => format!("jobs {one}, {two} and {three}"),
        [one, two, three, ..] => format!("jobs {one}, {two}, {three} and more"),
    }
}
