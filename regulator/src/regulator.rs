use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Ask, AskId, Demand, Explanation, GateState, Moment, Never, Now, Outcome, Refusal, Signal,
    Strategy,
};

/// What decides when waiting work may start.
///
/// It owns what waits and the books of what runs. Time, samples and outcomes are handed in; there
/// is no clock, I/O or randomness inside, so the same object runs in a service and in a simulation.
pub trait Regulator: Send {
    /// Takes in a job that wants to start; one that is already held stays as it is.
    fn submit(&mut self, now: Now, ask: Ask) -> Result<(), Refusal>;

    /// Forgets a waiting job; false if it does not wait.
    fn withdraw(&mut self, now: Now, id: AskId) -> bool;

    /// The next job that may start, already booked. Call it until there is none.
    fn admit(&mut self, now: Now) -> Option<Grant>;

    /// Gives back what a started job held; false if it does not run.
    fn finish(&mut self, now: Now, id: AskId, outcome: Outcome) -> bool;

    /// Takes note of a sample of the world.
    fn observe(&mut self, now: Now, signal: Signal);

    /// When [`Regulator::admit`] could answer differently with nothing but time passing.
    fn wake(&self, now: Now) -> Option<Moment>;

    /// Why a job waits; `None` if it does not.
    fn explain(&self, now: Now, id: AskId) -> Option<Explanation>;

    /// Changes the strategy between two admissions; running and waiting jobs stay.
    ///
    /// A [`Strategy`] cannot be wrong, its parser refuses such, so this cannot fail half-way.
    fn reconfigure(&mut self, now: Now, strategy: &Strategy) -> Change;

    /// Pauses, drains or resumes.
    fn set_mode(&mut self, now: Now, mode: Mode);

    /// What a status page shows.
    fn state(&self, now: Now) -> State;

    /// What should outlive a restart: tokens, shares, what was learned. Jobs are not part of it.
    fn remember(&self, now: Now) -> serde_json::Value;

    /// Takes up what was remembered; what no longer fits is passed over.
    fn recall(&mut self, now: Now, memory: &serde_json::Value);
}

/// Leave for one job to start, already booked: answer it with [`Regulator::finish`].
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// The job.
    pub id: AskId,
    /// What was booked for it: its bounds while it runs.
    pub demand: Demand,
    /// Whether it has the node for itself.
    pub alone: bool,
    /// When it was admitted.
    pub at: Moment,
    /// How long it waited.
    pub waited: Duration,
}

/// Whether anything may start at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As the strategy says.
    #[default]
    Open,
    /// Nothing starts; what runs goes on, and new jobs are taken in to wait.
    Paused,
    /// Nothing starts and nothing new is taken in; what runs goes on to its end.
    Draining,
}

/// What a change of strategy did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Change {
    /// Whether the new strategy differs from the old at all.
    pub changed: bool,
    /// Waiting jobs that the new strategy can never start. They are set aside, in nobody's way,
    /// until a later strategy has room for them or they are withdrawn.
    pub set_aside: Vec<(AskId, Never)>,
}

/// What a status page shows of a regulator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct State {
    /// Whether anything may start.
    pub mode: Mode,
    /// What was configured.
    pub strategy: Strategy,
    /// How many run.
    pub running: u64,
    /// How many wait, without those set aside.
    pub waiting: u64,
    /// How many the strategy can never start.
    pub set_aside: u64,
    /// What all that runs holds together.
    pub used: Demand,
    /// Who waits, the next queue to be served first, at most [`State::QUEUES`].
    pub queues: Vec<QueueState>,
    /// How each gate stands.
    pub gates: Vec<GateState>,
}

impl State {
    /// How many queues are listed at most.
    pub const QUEUES: usize = 100;
}

/// One queue on a status page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueState {
    /// Its tenant, or empty where all share one.
    pub name: String,
    /// How many wait in it.
    pub waiting: u64,
    /// How it is ordered among queues; the least is served first.
    pub score: f64,
}
