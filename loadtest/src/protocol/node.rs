//! A digester service.

use std::collections::BTreeMap;

use digester_service::ReplayPlan;
use schema::{Job, JobPatch, JobStatus, Lease};

use super::{
    web::{Say, Try, Web, What, name, number},
    world::{Event, LEASE, Nature, Slip},
};

/// How often the node does what it does again and again.
const BEAT_EVERY: u64 = LEASE / 4;
const REPLAY_EVERY: u64 = 1000;
const DELIVER_EVERY: u64 = 300;
/// How often a digest that is done looks for its lease.
const LOOK_EVERY: u64 = 20;
/// How long a digest takes at most.
const WORK: u64 = 2 * LEASE;

/// What a node is told.
#[derive(Clone, Debug)]
pub(super) enum Word {
    Offer(Try),
    Lease {
        sent: u64,
        lease: Lease,
        lost: Vec<Try>,
        cancel: Vec<Try>,
        told: Vec<Try>,
    },
    /// To what was said then, a claim or an outcome, of this attempt: whether it was taken, and how the
    /// job stands now.
    Answer {
        asked: u64,
        claims: bool,
        of: Try,
        taken: bool,
        now: (JobStatus, u32),
    },
    Unsettled(Vec<Job>),
}

/// What a node does by itself.
#[derive(Clone, Debug)]
pub(super) enum Alarm {
    Beat,
    Replay,
    Deliver,
    Claim(usize),
    Done(Try),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waiting,
    Running,
    Cancelled,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    /// How many attempts there were, and the present one if it runs.
    attempt: u32,
    phase: Phase,
    /// Since when it is held.
    since: u64,
}

/// A node: a journal that stays, and a process that does not.
pub(super) struct Node {
    number: usize,
    /// Tells this process from those before it; of one that is gone it is nobody's.
    pub(super) boot: u64,
    boots: u64,
    pub(super) stopped_until: u64,
    journal: BTreeMap<Try, JobStatus>,
    held: BTreeMap<usize, Held>,
    lease_until: u64,
    is_registered: bool,
    lacking: Vec<Try>,
}

impl Node {
    pub(super) const fn new(number: usize) -> Self {
        Self {
            number,
            boot: 0,
            boots: 0,
            stopped_until: 0,
            journal: BTreeMap::new(),
            held: BTreeMap::new(),
            lease_until: 0,
            is_registered: false,
            lacking: Vec::new(),
        }
    }

    pub(super) fn kill(&mut self) {
        self.boot = 0;
    }

    pub(super) fn start(&mut self, nature: &mut Nature) {
        if self.boot != 0 {
            return;
        }
        self.boots += 1;
        let journal = std::mem::take(&mut self.journal);
        *self = Self { boot: self.boots, boots: self.boots, journal, ..Self::new(self.number) };
        for alarm in [Alarm::Beat, Alarm::Replay, Alarm::Deliver] {
            self.after(nature, 1, alarm);
        }
    }

    fn after(&self, nature: &mut Nature, delay: u64, alarm: Alarm) {
        nature.after(delay, Event::Alarm { node: self.number, boot: self.boot, alarm });
    }

    fn say(&self, nature: &mut Nature, what: What) {
        nature.send(Event::ToWeb(Say { node: self.number, boot: self.boot, what }));
    }

    pub(super) fn hear(&mut self, nature: &mut Nature, word: Word) {
        match word {
            Word::Offer((job, attempt)) => {
                self.hold(nature, job, attempt);
                self.say(nature, What::Took((job, attempt)));
            }
            Word::Lease { sent, lease, lost, cancel, told } => {
                for (job, attempt) in lost {
                    if self.runs(job, attempt) {
                        self.held.remove(&job);
                    }
                }
                cancel.into_iter().for_each(|(job, _)| self.stop(job));
                self.lacking.retain(|lacking| !told.contains(lacking));
                let trusted = u64::try_from(lease.trusted().as_millis()).expect("it fits");
                let trusted = if nature.slips(Slip::TrustsTooLong) { 2 * trusted } else { trusted };
                self.lease_until = self.lease_until.max(sent + trusted);
                self.is_registered = true;
            }
            Word::Answer { claims: false, of, .. } => drop(self.journal.remove(&of)),
            Word::Answer { asked, of, taken, now, .. } => {
                self.claimed(nature, asked, of, taken && now == (JobStatus::Running, of.1));
            }
            Word::Unsettled(jobs) => self.replay(nature, &jobs),
        }
    }

    fn hold(&mut self, nature: &mut Nature, job: usize, attempt: u32) {
        if !self.has(job) {
            self.held.insert(job, Held { attempt, phase: Phase::Waiting, since: nature.now });
            let wait = nature.dice.between(1, 200);
            self.after(nature, wait, Alarm::Claim(job));
        }
    }

    fn has(&self, job: usize) -> bool {
        self.held.contains_key(&job)
            || self.journal.keys().any(|(journalled, _)| *journalled == job)
    }

    fn runs(&self, job: usize, attempt: u32) -> bool {
        self.held
            .get(&job)
            .is_some_and(|held| held.phase != Phase::Waiting && held.attempt == attempt)
    }

    fn stop(&mut self, job: usize) {
        if let Some(held) = self.held.get_mut(&job).filter(|held| held.phase == Phase::Running) {
            held.phase = Phase::Cancelled;
        }
    }

    /// A claim was answered. One of another time, when the job was held before, is not meant.
    fn claimed(&mut self, nature: &mut Nature, asked: u64, (job, said): Try, is_ours: bool) {
        let Some(held) = self.held.get_mut(&job) else { return };
        let meant = held.phase == Phase::Waiting && held.attempt + 1 == said && held.since <= asked;
        if !meant {
            return;
        }
        if !is_ours {
            self.held.remove(&job);
            return;
        }
        (held.attempt, held.phase) = (said, Phase::Running);
        let work = nature.dice.between(1, WORK);
        self.after(nature, work, Alarm::Done((job, said)));
    }

    fn replay(&mut self, nature: &mut Nature, jobs: &[Job]) {
        if nature.slips(Slip::NoReplay) {
            return;
        }
        let ours = name(self.number);
        let is_ours = |job: &Job| job.node.as_ref() == Some(&ours);
        let plan = ReplayPlan::new(jobs, is_ours, |_| true, |id| self.has(number(id)));
        nature.told.replayed += u32::try_from(plan.take.len() + plan.lacks.len()).expect("it fits");
        for job in jobs.iter().filter(|job| plan.take.contains(&job.id)) {
            self.hold(nature, number(job.id), job.attempt);
        }
        plan.stop.into_iter().for_each(|id| self.stop(number(id)));
        self.lacking.extend(plan.lacks.iter().map(|lacks| (number(lacks.id), lacks.attempt)));
    }

    pub(super) fn wake(
        &mut self,
        nature: &mut Nature,
        web: &Web,
        alarm: Alarm,
    ) -> Result<(), String> {
        match alarm {
            Alarm::Beat => self.beat(nature),
            Alarm::Replay => {
                self.after(nature, REPLAY_EVERY, Alarm::Replay);
                if self.is_registered {
                    self.say(nature, What::Replay);
                }
            }
            Alarm::Deliver => {
                self.after(nature, DELIVER_EVERY, Alarm::Deliver);
                for (&(job, attempt), &status) in &self.journal {
                    self.say(
                        nature,
                        What::Patch {
                            asked: nature.now,
                            job,
                            patch: self.patch(attempt, 1, status),
                        },
                    );
                }
            }
            Alarm::Claim(job) => self.claim(nature, job),
            Alarm::Done(done) => return self.done(nature, web, done),
        }
        Ok(())
    }

    fn beat(&self, nature: &mut Nature) {
        self.after(nature, BEAT_EVERY, Alarm::Beat);
        let held = self.held.iter();
        let held = held.map(|(&job, held)| match held.phase {
            Phase::Waiting => (job, held.attempt + 1),
            Phase::Running | Phase::Cancelled => (job, held.attempt),
        });
        let attempts = held.chain(self.journal.keys().copied()).collect();
        let cut_short = self.lacking.clone();
        self.say(nature, What::Beat { sent: nature.now, attempts, cut_short });
    }

    /// Asks for the job until there is an answer.
    fn claim(&self, nature: &mut Nature, job: usize) {
        let Some(held) = self.held.get(&job).filter(|held| held.phase == Phase::Waiting) else {
            return;
        };
        let again = nature.dice.between(50, 500);
        self.after(nature, again, Alarm::Claim(job));
        if nature.now < self.lease_until {
            let patch = self.patch(held.attempt + 1, 0, JobStatus::Running);
            self.say(nature, What::Patch { asked: nature.now, job, patch });
        }
    }

    /// The digest is done: its files get their names, if they may, and its outcome is written down.
    fn done(&mut self, nature: &mut Nature, web: &Web, done: Try) -> Result<(), String> {
        let (job, attempt) = done;
        if !self.runs(job, attempt) {
            return Ok(());
        }
        let cancelled = self.held.get(&job).is_some_and(|held| held.phase == Phase::Cancelled);
        let asks = !nature.slips(Slip::DoesNotAsk);
        if asks && !cancelled && nature.now >= self.lease_until {
            nature.told.waited_for_lease += 1;
            self.after(nature, LOOK_EVERY, Alarm::Done(done));
            return Ok(());
        }
        if !cancelled && !web.holds(self.number, done) {
            return Err(format!(
                "node {} published attempt {attempt} of job {job}, which it had lost",
                self.number
            ));
        }
        let status = if cancelled { JobStatus::Cancelled } else { JobStatus::Completed };
        self.journal.insert(done, status);
        self.held.remove(&job);
        Ok(())
    }

    fn patch(&self, attempt: u32, sequence: u32, status: JobStatus) -> JobPatch {
        JobPatch {
            attempt,
            sequence,
            node: name(self.number),
            status: Some(status),
            demand: None,
            cut_short: false,
            stage: None,
            progress: None,
            message: None,
            report: None,
        }
    }
}
