//! A node with a clock that the test turns.

use std::time::Duration;

use jiff::Timestamp;
use regulator::{
    Ask, AskId, End, Grant, Moment, Now, Outcome, Refusal, Regulator, Stack, Strategy,
};

/// A stack and the time it is told.
pub(crate) struct World {
    pub(crate) node: Stack,
    pub(crate) now: Now,
}

impl World {
    /// A node under a strategy file.
    pub(crate) fn new(toml: &str) -> Self {
        let now = Now { moment: Moment::ZERO, wall: Timestamp::UNIX_EPOCH };
        let strategy = Strategy::from_toml(toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
        Self { node: Stack::new(&strategy, now), now }
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, seconds: f64) {
        let length = Duration::from_secs_f64(seconds);
        self.now.moment = self.now.moment.plus(length);
        self.now.wall += length;
    }

    /// Submits a job, changed as the test needs it.
    pub(crate) fn submit(&mut self, id: u128, with: impl FnOnce(&mut Ask)) -> Result<(), Refusal> {
        let mut ask = Ask::new(AskId(id), "loader", "maize");
        ask.submitted = self.now.wall;
        with(&mut ask);
        self.node.submit(self.now, ask)
    }

    /// Starts everything that may start; answers the ids.
    pub(crate) fn start(&mut self) -> Vec<u128> {
        std::iter::from_fn(|| self.grant()).map(|grant| grant.id.0).collect()
    }

    /// Starts the next job.
    pub(crate) fn grant(&mut self) -> Option<Grant> {
        self.node.admit(self.now)
    }

    /// Ends a running job.
    pub(crate) fn end(&mut self, id: u128) -> bool {
        self.end_as(id, End::Completed)
    }

    /// Ends a running job in a certain way.
    pub(crate) fn end_as(&mut self, id: u128, end: End) -> bool {
        self.node.finish(self.now, AskId(id), Outcome::of(end))
    }

    /// What blocks a job, one sentence each.
    pub(crate) fn why(&self, id: u128) -> Vec<String> {
        let why = self.node.explain(self.now, AskId(id)).expect("it waits");
        why.blockers.into_iter().map(|blocker| blocker.text).collect()
    }
}

/// A job id as sentences show it.
pub(crate) fn id(id: u128) -> String {
    AskId(id).to_string()
}
