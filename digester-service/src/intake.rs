//! The jobs that the node holds, from the hand-over to the acknowledged outcome.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use jiff::Timestamp;
use regulator::{Ask, AskId, Permit, Shared};
use schema::{Attempt, Demand, DigestConfig, Held, HeldState, JobId, NewJob, NodeId};

use crate::{
    config::Limits,
    digester::Needs,
    reporter::{Reporter, Stop},
};

/// A bounded set of jobs, and the regulator that says which may start.
///
/// Whoever needs both locks takes the set's first.
pub(crate) struct Intake {
    held: Mutex<HashMap<JobId, Box<Entry>>>,
    /// What the instructions take that are kept; changed under the lock.
    bytes: AtomicUsize,
    regulator: Arc<Shared>,
    limits: Limits,
    node: NodeId,
}

struct Entry {
    /// The job; its instruction goes with the attempt, and is not kept where there is no room for it.
    job: NewJob,
    demand: Demand,
    config: DigestConfig,
    taken_at: Timestamp,
    state: HeldState,
    /// The next attempt at it, once it was admitted or told to stop: there may be very many that
    /// wait.
    reporter: Option<Arc<Reporter>>,
    bytes: usize,
}

/// What became of an offer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// The job waits for the regulator now.
    Taken,
    /// The node has it already.
    AlreadyHeld,
    /// The node has as many as it may.
    Full { held: usize },
    /// The regulator will never admit it.
    Never { why: String },
    /// The node takes nothing in any more.
    Closed,
}

/// A job that may start.
pub(crate) struct Admitted {
    pub(crate) job: NewJob,
    pub(crate) demand: Demand,
    pub(crate) config: DigestConfig,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) permit: Permit,
}

impl Intake {
    pub(crate) fn new(regulator: Arc<Shared>, limits: Limits, node: NodeId) -> Self {
        Self { held: Mutex::default(), bytes: AtomicUsize::new(0), regulator, limits, node }
    }

    /// Takes a job in, whether it comes from the web service, a user, or replay.
    pub(crate) fn offer(&self, job: NewJob, config: DigestConfig, needs: Needs) -> Offer {
        let mut held = self.held();
        if held.contains_key(&job.id) {
            return Offer::AlreadyHeld;
        }
        if held.len() >= self.limits.held_jobs {
            return Offer::Full { held: held.len() };
        }
        let demand = needs.told();
        let submitted = self.regulator.lock().submit(self.regulator.now(), ask(&job, needs));
        match submitted {
            Ok(()) => {}
            Err(regulator::Refusal::Never(never)) => {
                return Offer::Never { why: never.to_string() };
            }
            Err(regulator::Refusal::Draining) => return Offer::Closed,
        }
        held.insert(job.id, Box::new(self.entry(job, demand, config)));
        Offer::Taken
    }

    fn entry(&self, mut job: NewJob, demand: Demand, config: DigestConfig) -> Entry {
        let room = self.limits.held_bytes.saturating_sub(self.bytes.load(Relaxed));
        job.instruction = job.instruction.filter(|instruction| instruction.get().len() <= room);
        let bytes = job.instruction.as_ref().map_or(0, |instruction| instruction.get().len());
        self.bytes.fetch_add(bytes, Relaxed);
        let (taken_at, state) = (Timestamp::now(), HeldState::Waiting);
        Entry { job, demand, config, taken_at, state, reporter: None, bytes }
    }

    /// The next job that may start. It is held until [`Intake::release`].
    pub(crate) fn admit(&self) -> Option<Admitted> {
        loop {
            let permit = self.regulator.admit()?;
            let id = JobId(uuid::Uuid::from_u128(permit.grant().id.0));
            let mut held = self.held();
            // Released in between: the permit is given back, and the next one is asked for.
            let Some(entry) = held.get_mut(&id) else { continue };
            entry.state = HeldState::Claiming;
            let instruction = entry.job.instruction.take();
            let job = NewJob { instruction, ..entry.job.clone() };
            let (demand, config) = (entry.demand.clone(), entry.config.clone());
            let reporter = Arc::clone(entry.reporter(&self.node));
            return Some(Admitted { job, demand, config, reporter, permit });
        }
    }

    /// The attempt goes on to its next state; after [`HeldState::Running`] comes only the report.
    pub(crate) fn moves_on(&self, id: JobId, attempt: u32, state: HeldState) {
        let mut held = self.held();
        let entry = held.get_mut(&id).filter(|entry| entry.attempt() == attempt);
        if let Some(entry) = entry {
            entry.state = state;
        }
    }

    /// The node has no more to do with this attempt at the job.
    pub(crate) fn release(&self, id: JobId, attempt: u32) {
        let mut held = self.held();
        if held.get(&id).is_some_and(|entry| entry.attempt() == attempt) {
            let bytes = held.remove(&id).map_or(0, |entry| entry.bytes);
            self.bytes.fetch_sub(bytes, Relaxed);
        }
    }

    /// Ends a job: one that waits is returned, and held until its end is reported; one that was
    /// admitted is told to stop.
    pub(crate) fn cancel(&self, id: JobId) -> Cancelled {
        let mut held = self.held();
        let Some(entry) = held.get_mut(&id) else { return Cancelled::Unknown };
        entry.reporter(&self.node).stop(Stop::Cancelled);
        if !self.regulator.lock().withdraw(self.regulator.now(), ask_id(id)) {
            return Cancelled::Stopping;
        }
        entry.state = HeldState::Reporting;
        entry.job.instruction = None;
        Cancelled::Withdrawn(Box::new((entry.job.clone(), entry.config.clone())))
    }

    /// Tells an attempt to stop, if it is still held.
    pub(crate) fn stop(&self, attempt: Attempt, why: Stop) {
        let mut held = self.held();
        let entry = held.get_mut(&attempt.id);
        if let Some(entry) = entry.filter(|entry| entry.attempt() == attempt.attempt) {
            entry.reporter(&self.node).stop(why);
        }
    }

    /// Every attempt under way whose job has such a configuration.
    pub(crate) fn attempts(&self, of: impl Fn(&DigestConfig) -> bool) -> Vec<Attempt> {
        let held = self.held();
        let under_way =
            held.values().filter(|entry| entry.state != HeldState::Waiting && of(&entry.config));
        under_way.map(|entry| Attempt { id: entry.job.id, attempt: entry.attempt() }).collect()
    }

    /// How many jobs are held, and how many more there is room for.
    pub(crate) fn load(&self) -> (usize, usize) {
        let held = self.held().len();
        (held, self.limits.held_jobs.saturating_sub(held))
    }

    /// Tells every attempt to stop that was admitted.
    pub(crate) fn stop_all(&self, why: Stop) {
        let held = self.held();
        let admitted = held.values().filter(|entry| entry.state != HeldState::Waiting);
        for reporter in admitted.filter_map(|entry| entry.reporter.as_ref()) {
            reporter.stop(why);
        }
    }

    /// Units of work done by all attempts since this was last asked.
    pub(crate) fn take_work(&self) -> u64 {
        let held = self.held();
        held.values().filter_map(|entry| Some(entry.reporter.as_ref()?.take_work())).sum()
    }

    pub(crate) fn holds(&self, id: JobId) -> bool {
        self.held().contains_key(&id)
    }

    /// What each held job is doing.
    pub(crate) fn states(&self) -> Vec<HeldState> {
        self.held().values().map(|entry| entry.state).collect()
    }

    /// Every held job, oldest first, without the reasons for waiting.
    pub(crate) fn list(&self) -> Vec<Held> {
        let mut list: Vec<_> = self.held().values().map(|entry| entry.show()).collect();
        list.sort_by_key(|held| held.id);
        list
    }

    /// The foremost of the held jobs: those under way, then those that wait, with the reasons.
    pub(crate) fn foremost(&self, limit: usize) -> Vec<Held> {
        let place = |entry: &Entry| (entry.state == HeldState::Waiting, entry.job.id);
        let mut places: Vec<_> = self.held().values().map(|entry| place(entry)).collect();
        places.sort_unstable();
        places.truncate(limit);
        places.into_iter().filter_map(|(_, id)| self.show(id)).collect()
    }

    /// One held job, with the reasons for its waiting.
    pub(crate) fn show(&self, id: JobId) -> Option<Held> {
        let mut shown = self.held().get(&id).map(|entry| entry.show())?;
        let explained = self.regulator.lock().explain(self.regulator.now(), ask_id(id));
        if let Some(why) = explained {
            shown.waits_for = why.blockers.into_iter().map(|blocker| blocker.text).collect();
            shown.place = Some(why.place.position);
            shown.queue_length = Some(why.place.queue_length);
            shown.expected_at = why.estimate.map(|estimate| estimate.likely);
        }
        Some(shown)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<JobId, Box<Entry>>> {
        // Every change is one insertion, removal or assignment: nothing is ever half done.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of the wish to end a job.
pub(crate) enum Cancelled {
    /// It waited; its end is still to be reported.
    Withdrawn(Box<(NewJob, DigestConfig)>),
    /// It will stop soon, and report that itself.
    Stopping,
    /// The node does not hold it.
    Unknown,
}

impl Entry {
    /// The number of the next attempt.
    const fn attempt(&self) -> u32 {
        self.job.attempt + 1
    }

    fn reporter(&mut self, node: &NodeId) -> &Arc<Reporter> {
        let Self { reporter, job, .. } = self;
        reporter.get_or_insert_with(|| Arc::new(Reporter::new(job, node.clone())))
    }

    fn show(&self) -> Held {
        let (stage, progress) =
            self.reporter.as_ref().map(|reporter| reporter.glance()).unwrap_or_default();
        Held {
            id: self.job.id,
            key: self.job.key.clone(),
            kind: self.job.kind.clone(),
            state: self.state,
            stage,
            progress,
            waits_for: Vec::new(),
            place: None,
            queue_length: None,
            expected_at: None,
            taken_at: self.taken_at,
        }
    }
}

fn ask_id(id: JobId) -> AskId {
    AskId(id.0.as_u128())
}

fn ask(job: &NewJob, needs: Needs) -> Ask {
    let tenant = job.tenant.as_deref().unwrap_or_default();
    let mut ask = Ask::new(ask_id(job.id), job.kind.as_str(), tenant);
    ask.demand = needs.demand;
    ask.key = needs.exclusive;
    ask.size = needs.cost.unwrap_or_default();
    ask.submitted = job.id.made_at().unwrap_or_else(Timestamp::now);
    ask
}
