//! The web service and its tables.

use jiff::{SignedDuration, Timestamp};
use schema::{Job, JobId, JobPatch, JobStatus, Lease, NodeId};
use tokio::time::Instant;
use uuid::Uuid;
use webservice::Grace;

use crate::faults::{
    history::{self, Event as Told},
    model::{Expected, Model},
};

use super::{
    node::Word,
    world::{Event, JOBS, LEASE, NODES, Nature, Slip, moment},
};

/// How often the leases are looked at, and what waits.
const LOOK_EVERY: u64 = LEASE / 8;
const FORWARD_EVERY: u64 = 100;

/// A job and the number of its attempt.
pub(super) type Try = (usize, u32);

/// What the web service is told.
#[derive(Clone, Debug)]
pub(super) struct Say {
    pub(super) node: usize,
    pub(super) boot: u64,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// The node lives, has these attempts, and does not have those.
    Beat { sent: u64, attempts: Vec<Try>, cut_short: Vec<Try> },
    /// The node took a job.
    Took(Try),
    /// The node says something of a job.
    Patch { asked: u64, job: usize, patch: JobPatch },
    /// The node asks what it has.
    Replay,
}

struct Row {
    model: Model,
    holder: Option<usize>,
    history: Vec<Told>,
    job: Job,
}

#[derive(Clone, Debug, Default)]
struct Known {
    boot: u64,
    lease_until: i64,
    lapsed: bool,
    comes: bool,
}

/// The web service: tables that stay, and a process that does not.
pub(super) struct Web {
    rows: Vec<Row>,
    known: [Known; NODES],
    /// How wrong the tables' clock is, in milliseconds.
    pub(super) skew: i64,
    pub(super) stopped_until: u64,
    is_up: bool,
    begin: Instant,
    grace: Option<Grace>,
}

impl Web {
    pub(super) fn new() -> Self {
        let rows = (0..JOBS).map(Row::new).collect();
        Self {
            rows,
            known: Default::default(),
            skew: 0,
            stopped_until: 0,
            is_up: false,
            begin: Instant::now(),
            grace: None,
        }
    }

    pub(super) fn start(&mut self, nature: &Nature) {
        self.is_up = true;
        self.grace = Some(Grace::new(moment(LEASE), self.begin + moment(nature.now)));
    }

    pub(super) fn kill(&mut self, nature: &mut Nature, long: u64) {
        if self.is_up {
            (self.is_up, self.stopped_until) = (false, 0);
            nature.after(long, Event::StartWeb);
        }
    }

    pub(super) fn cancel(&mut self, job: usize) {
        let row = &mut self.rows[job];
        row.model.cancel();
        row.note();
    }

    /// Whether this attempt of the node has the job now.
    pub(super) fn holds(&self, node: usize, (job, attempt): Try) -> bool {
        let Row { model, holder, .. } = &self.rows[job];
        (model.status, model.attempt, *holder) == (JobStatus::Running, attempt, Some(node))
    }

    /// Whether everything came to an end, and in a way that may be.
    pub(super) fn is_well(&self) -> Result<(), String> {
        let faults = self.rows.iter().enumerate().filter_map(|(job, row)| {
            history::fault(&row.history).map(|fault| format!("job {job}: {fault}"))
        });
        faults.into_iter().next().map_or(Ok(()), Err)
    }

    /// The keeper's look at the leases.
    pub(super) fn look(&mut self, nature: &mut Nature) {
        nature.after(LOOK_EVERY, Event::Look);
        let Some(grace) = self.grace.as_mut().filter(|_| self.is_up) else { return };
        let clock = i64::try_from(nature.now).expect("it fits") + self.skew;
        let lease = i64::try_from(LEASE).expect("it fits");
        for known in &mut self.known {
            known.lease_until = known.lease_until.min(clock + lease);
        }
        let now = self.begin + moment(nature.now);
        grace.saw(now, Timestamp::UNIX_EPOCH + SignedDuration::from_millis(clock));
        if !grace.is_over(now) && !nature.slips(Slip::NoGrace) {
            return;
        }
        for node in 0..NODES {
            let known = &mut self.known[node];
            if known.comes && !known.lapsed && known.lease_until <= clock {
                known.lapsed = true;
                nature.told.lapses += 1;
            }
            if self.known[node].lapsed {
                self.take(node, |_| true);
            }
        }
    }

    /// Takes what a node has, or some of it.
    fn take(&mut self, node: usize, which: impl Fn(Try) -> bool) {
        for (job, row) in self.rows.iter_mut().enumerate() {
            let attempt = row.model.attempt;
            if row.holder != Some(node) || !which((job, attempt)) {
                continue;
            }
            if row.model.lose(attempt) || row.model.status == JobStatus::Submitted {
                row.holder = None;
                row.note();
            }
        }
    }

    pub(super) fn forward(&mut self, nature: &mut Nature) {
        nature.after(FORWARD_EVERY, Event::Forward);
        let live: Vec<_> =
            (0..NODES).filter(|&n| self.known[n].comes && !self.known[n].lapsed).collect();
        if !self.is_up || live.is_empty() {
            return;
        }
        for (job, row) in self.rows.iter().enumerate() {
            if row.model.status == JobStatus::Submitted && row.holder.is_none() {
                let node = *nature.dice.pick(&live);
                let (boot, offer) = (self.known[node].boot, (job, row.model.attempt));
                nature.send(Event::ToNode { node, boot, word: Word::Offer(offer) });
            }
        }
    }

    pub(super) fn hear(&mut self, nature: &mut Nature, say: Say) {
        if !self.is_up {
            return;
        }
        let Say { node, boot, what } = say;
        let word = match what {
            What::Beat { sent, attempts, cut_short } => {
                self.beat(nature, node, boot, &attempts, &cut_short).map(|(lost, cancel)| {
                    let lease = Lease { lease_ms: LEASE, lost: Vec::new(), cancel: Vec::new() };
                    Word::Lease { sent, lease, lost, cancel, told: cut_short }
                })
            }
            What::Took((job, attempt)) => {
                let row = &mut self.rows[job];
                let waits = row.model.status == JobStatus::Submitted && row.holder.is_none();
                if waits && row.model.attempt == attempt {
                    row.holder = Some(node);
                }
                None
            }
            What::Patch { asked, job, patch } => {
                let (status, attempt, taken) = self.patch(nature, node, job, &patch);
                let claims = patch.sequence == 0;
                let of = (job, patch.attempt);
                Some(Word::Answer { asked, claims, of, taken, now: (status, attempt) })
            }
            What::Replay => Some(Word::Unsettled(self.unsettled(node))),
        };
        if let Some(word) = word {
            nature.send(Event::ToNode { node, boot, word });
        }
    }

    /// What `nodes::renew` does; nothing if a later process has the name.
    fn beat(
        &mut self,
        nature: &Nature,
        node: usize,
        boot: u64,
        attempts: &[Try],
        cut_short: &[Try],
    ) -> Option<(Vec<Try>, Vec<Try>)> {
        self.take(node, |held| cut_short.contains(&held));
        let known = &self.known[node];
        if known.boot > boot && !known.lapsed {
            return None;
        }
        if known.boot != boot {
            let rows = &self.rows;
            let running: Vec<_> =
                rows.iter().map(|row| row.model.status == JobStatus::Running).collect();
            self.take(node, |held| running[held.0] && !attempts.contains(&held));
        }
        let clock = i64::try_from(nature.now + LEASE).expect("it fits") + self.skew;
        self.known[node] = Known { boot, lease_until: clock, lapsed: false, comes: true };
        let (mut lost, mut cancel) = (Vec::new(), Vec::new());
        for &(job, attempt) in attempts {
            let model = &self.rows[job].model;
            let over = model.attempt == attempt && !self.holds(node, (job, attempt));
            if model.attempt > attempt || over {
                lost.push((job, attempt));
            } else if model.cancel_requested {
                cancel.push((job, attempt));
            }
        }
        Some((lost, cancel))
    }

    /// Takes a patch, or does not; how the job stands then.
    fn patch(
        &mut self,
        nature: &mut Nature,
        node: usize,
        job: usize,
        patch: &JobPatch,
    ) -> (JobStatus, u32, bool) {
        let row = &mut self.rows[job];
        let mut patch = patch.clone();
        if nature.slips(Slip::NoFence) && row.model.status == JobStatus::Running {
            patch.attempt = row.model.attempt;
            patch.node = name(row.holder.unwrap_or(node));
        }
        let before = (row.model.status, row.model.attempt);
        let taken = row.model.patch(&patch) == Expected::Taken;
        if before != (row.model.status, row.model.attempt) {
            row.holder = (patch.status != Some(JobStatus::Submitted)).then_some(node);
            row.note();
        }
        if !taken {
            nature.told.refused += 1;
        }
        (row.model.status, row.model.attempt, taken)
    }

    fn unsettled(&self, node: usize) -> Vec<Job> {
        let held = self.rows.iter().filter(|row| row.holder == Some(node));
        let unsettled = held.filter(|row| !row.model.status.is_settled());
        unsettled.map(|row| row.shown(node)).collect()
    }
}

impl Row {
    fn new(number: usize) -> Self {
        let epoch = Timestamp::UNIX_EPOCH;
        let job = serde_json::json!({
            "id": id(number), "number": number, "key": "k", "kind": "sleep",
            "status": "submitted", "attempt": 0, "submitted_at": epoch, "updated_at": epoch,
        });
        let job = serde_json::from_value(job).expect("a job is JSON");
        let mut row = Self { model: Model::new(), holder: None, history: Vec::new(), job };
        row.note();
        row
    }

    /// Adds to the history what is new.
    fn note(&mut self) {
        let event = Told { status: self.model.status, attempt: self.model.attempt };
        if self.history.last() != Some(&event) {
            self.history.push(event);
        }
    }

    fn shown(&self, node: usize) -> Job {
        let Model { status, attempt, cancel_requested, .. } = self.model;
        Job { node: Some(name(node)), status, attempt, cancel_requested, ..self.job.clone() }
    }
}

/// The name of a node.
pub(super) fn name(node: usize) -> NodeId {
    NodeId::new(format!("node-{node}")).expect("a word is a node")
}

/// The id of a job, and back.
pub(super) fn id(job: usize) -> JobId {
    JobId(Uuid::from_u128(job as u128))
}

pub(super) fn number(id: JobId) -> usize {
    usize::try_from(id.0.as_u128()).expect("it was made of one")
}
