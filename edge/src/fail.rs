//! Named steps at which a process can be made to end or to stand still, to see what others make of
//! it. Off unless `DIGESTER_FAIL` says otherwise, which is read once.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use rustix::process::{Signal, getpid, kill_process};

/// Says where, how, and the how manieth time: `claimed:kill:3`.
pub const VARIABLE: &str = "DIGESTER_FAIL";

/// How long a process may take to come to its end or to a stand once it was told to.
const TAKEN_IN: Duration = Duration::from_secs(1);

/// A step on a job's way: something has just been done, and what follows from it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The web service has an instruction in its tables; nobody was told.
    Accepted,
    /// A node has said that it took jobs; the tables do not say so.
    HandedOver,
    /// The tables say who has which job.
    Noted,
    /// The tables have what a node said; the node was not answered.
    Patched,
    /// A node's lease was renewed; the node was not answered.
    Renewed,
    /// A process got its node's name.
    Registered,
    /// A lease has lapsed; what the node had is still its own.
    Lapsed,
    /// Jobs were taken from a node; the forwarder was not told.
    TakenAway,
    /// A node holds a job; whoever brought it was not answered.
    Offered,
    /// The regulator lets a job begin; the web service was not asked.
    Admitted,
    /// The web service gave the attempt to this node.
    Claimed,
    /// Everything is written, under names that do not count yet.
    Publishing,
    /// The digester has come to its end; nobody knows.
    Digested,
    /// The outcome is in the journal.
    Recorded,
    /// The web service has the outcome; the journal does not say so.
    Delivered,
    /// The journal says that the outcome was delivered.
    Released,
    /// The web service has answered a heartbeat.
    Heard,
    /// What is unsettled is known; nothing was done about it.
    Replaying,
}

impl Step {
    /// The steps of the web service.
    pub const WEB: [Self; 8] = [
        Self::Accepted,
        Self::HandedOver,
        Self::Noted,
        Self::Patched,
        Self::Renewed,
        Self::Registered,
        Self::Lapsed,
        Self::TakenAway,
    ];

    /// The steps of a digester service.
    pub const NODE: [Self; 10] = [
        Self::Offered,
        Self::Admitted,
        Self::Claimed,
        Self::Publishing,
        Self::Digested,
        Self::Recorded,
        Self::Delivered,
        Self::Released,
        Self::Heard,
        Self::Replaying,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::HandedOver => "handed-over",
            Self::Noted => "noted",
            Self::Patched => "patched",
            Self::Renewed => "renewed",
            Self::Registered => "registered",
            Self::Lapsed => "lapsed",
            Self::TakenAway => "taken-away",
            Self::Offered => "offered",
            Self::Admitted => "admitted",
            Self::Claimed => "claimed",
            Self::Publishing => "publishing",
            Self::Digested => "digested",
            Self::Recorded => "recorded",
            Self::Delivered => "delivered",
            Self::Released => "released",
            Self::Heard => "heard",
            Self::Replaying => "replaying",
        }
    }

    /// Passes the step, unless this process is to come no further.
    pub fn pass(self) {
        if let Some(plan) = PLAN.as_ref().filter(|plan| plan.step == self) {
            plan.pass();
        }
    }
}

/// How a process comes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is gone, as by `kill -9`.
    Kill,
    /// It stands still until it is sent `SIGCONT`.
    Stop,
}

impl How {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
        }
    }
}

static PLAN: LazyLock<Option<Plan>> = LazyLock::new(|| Plan::parse(&std::env::var(VARIABLE).ok()?));

/// What is to happen to this process, once.
#[derive(Debug)]
struct Plan {
    step: Step,
    how: How,
    /// How often the step is still to be passed, this time included.
    left: AtomicU32,
}

impl Plan {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(':');
        let (step, how, left) = (words.next()?, words.next()?, words.next()?);
        let step = Step::WEB.into_iter().chain(Step::NODE).find(|known| known.name() == step)?;
        let how = [How::Kill, How::Stop].into_iter().find(|known| known.name() == how)?;
        Some(Self { step, how, left: AtomicU32::new(left.parse().ok()?) })
    }

    fn pass(&self) {
        if !self.is_last() {
            return;
        }
        let signal = match self.how {
            How::Kill => Signal::KILL,
            How::Stop => Signal::STOP,
        };
        // To itself it may send anything.
        let _ = kill_process(getpid(), signal);
        // Another thread may be the one that takes the signal in: this one goes no further meanwhile.
        thread::sleep(TAKEN_IN);
    }

    /// Whether this is the time that counts; it is so once.
    fn is_last(&self) -> bool {
        self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) == Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_names_a_step_a_way_and_a_time() {
        let plan = Plan::parse("taken-away:stop:2").unwrap();
        assert_eq!((plan.step, plan.how), (Step::TakenAway, How::Stop));
        assert_eq!([(); 4].map(|()| plan.is_last()), [false, true, false, false]);
        for slip in
            ["", "claimed", "claimed:kill", "claimed:kill:x", "claim:kill:1", "claimed:no:1"]
        {
            assert!(Plan::parse(slip).is_none(), "{slip}");
        }
    }

    #[test]
    fn a_process_that_was_told_nothing_passes_every_step() {
        Step::WEB.into_iter().chain(Step::NODE).for_each(Step::pass);
    }
}
