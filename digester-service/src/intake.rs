//! The jobs that the node holds, from the hand-over to the acknowledged outcome.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use regulator::{Ask, AskId, Permit, Shared};
use schema::{DigestConfig, Held, HeldState, JobId, NewJob};

use crate::{
    digester::Needs,
    reporter::{Reporter, Stop},
};

/// A bounded set of jobs, and the regulator that says which may start.
pub(crate) struct Intake {
    held: Mutex<HashMap<JobId, Entry>>,
    regulator: Arc<Shared>,
    capacity: usize,
}

struct Entry {
    job: NewJob,
    config: DigestConfig,
    taken_at: Timestamp,
    state: HeldState,
    reporter: Option<Arc<Reporter>>,
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
    pub(crate) config: DigestConfig,
    pub(crate) permit: Permit,
}

impl Intake {
    pub(crate) fn new(regulator: Arc<Shared>, capacity: usize) -> Self {
        Self { held: Mutex::default(), regulator, capacity }
    }

    /// Takes a job in, whether it comes from the web service, a user, or replay.
    pub(crate) fn offer(&self, job: NewJob, config: DigestConfig, needs: Needs) -> Offer {
        let mut held = self.held();
        if held.contains_key(&job.id) {
            return Offer::AlreadyHeld;
        }
        if held.len() >= self.capacity {
            return Offer::Full { held: held.len() };
        }
        let submitted = self.regulator.lock().submit(self.regulator.now(), ask(&job, needs));
        match submitted {
            Ok(()) => {}
            Err(regulator::Refusal::Never(never)) => {
                return Offer::Never { why: never.to_string() };
            }
            Err(regulator::Refusal::Draining) => return Offer::Closed,
        }
        let state = HeldState::Waiting;
        let taken_at = Timestamp::now();
        held.insert(job.id, Entry { job, config, taken_at, state, reporter: None });
        Offer::Taken
    }

    /// The next job that may start. It is held until [`Intake::release`].
    pub(crate) fn admit(&self) -> Option<Admitted> {
        loop {
            let permit = self.regulator.admit()?;
            let id = JobId(uuid::Uuid::from_u128(permit.grant().id.0));
            let mut held = self.held();
            // Cancelled in between: the permit is given back, and the next one is asked for.
            let Some(entry) = held.get_mut(&id) else { continue };
            entry.state = HeldState::Claiming;
            let (job, config) = (entry.job.clone(), entry.config.clone());
            return Some(Admitted { job, config, permit });
        }
    }

    /// An attempt at the job has begun.
    pub(crate) fn running(&self, id: JobId, reporter: &Arc<Reporter>) {
        if let Some(entry) = self.held().get_mut(&id) {
            entry.state = HeldState::Running;
            entry.reporter = Some(Arc::clone(reporter));
        }
    }

    /// The attempt is over; what remains is to report it.
    pub(crate) fn reporting(&self, id: JobId) {
        if let Some(entry) = self.held().get_mut(&id) {
            entry.state = HeldState::Reporting;
        }
    }

    /// The node has no more to do with the job.
    pub(crate) fn release(&self, id: JobId) {
        self.held().remove(&id);
    }

    /// Ends a job: one that waits is forgotten and returned, one that runs is told to stop.
    pub(crate) fn cancel(&self, id: JobId) -> Cancelled {
        let mut held = self.held();
        let Some(entry) = held.get(&id) else { return Cancelled::Unknown };
        if let Some(reporter) = &entry.reporter {
            reporter.stop(Stop::Cancelled);
            return Cancelled::Stopping;
        }
        if !self.regulator.lock().withdraw(self.regulator.now(), ask_id(id)) {
            // Being claimed: the answer to the claim tells that the end was asked for.
            return Cancelled::Stopping;
        }
        match held.remove(&id) {
            Some(entry) => Cancelled::Forgotten(Box::new((entry.job, entry.config))),
            None => Cancelled::Unknown,
        }
    }

    /// Tells every running attempt to stop.
    pub(crate) fn stop_all(&self, why: Stop) {
        for reporter in self.held().values().filter_map(|entry| entry.reporter.as_ref()) {
            reporter.stop(why);
        }
    }

    /// Units of work done by all attempts since this was last asked.
    pub(crate) fn take_work(&self) -> u64 {
        let held = self.held();
        held.values().filter_map(|entry| entry.reporter.as_ref()).map(|one| one.take_work()).sum()
    }

    pub(crate) fn holds(&self, id: JobId) -> bool {
        self.held().contains_key(&id)
    }

    /// Every held job, oldest first, without the reasons for waiting.
    pub(crate) fn list(&self) -> Vec<Held> {
        let mut list: Vec<_> = self.held().values().map(Entry::show).collect();
        list.sort_by_key(|held| held.id);
        list
    }

    /// One held job, with the reasons for its waiting.
    pub(crate) fn show(&self, id: JobId) -> Option<Held> {
        let mut shown = self.held().get(&id).map(Entry::show)?;
        let explained = self.regulator.lock().explain(self.regulator.now(), ask_id(id));
        if let Some(why) = explained {
            shown.waits_for = why.blockers.into_iter().map(|blocker| blocker.text).collect();
            shown.place = Some(why.place.position as usize);
        }
        Some(shown)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<JobId, Entry>> {
        // Every change is one insertion, removal or assignment: nothing is ever half done.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of the wish to end a job.
pub(crate) enum Cancelled {
    /// It waited, and is forgotten; its end is still to be reported.
    Forgotten(Box<(NewJob, DigestConfig)>),
    /// It will stop soon, and report that itself.
    Stopping,
    /// The node does not hold it.
    Unknown,
}

impl Entry {
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
    ask.submitted = submitted_at(job.id).unwrap_or_else(Timestamp::now);
    ask
}

/// A job's id says when it was made.
fn submitted_at(id: JobId) -> Option<Timestamp> {
    let (seconds, nanoseconds) = id.0.get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanoseconds).ok()?).ok()
}
