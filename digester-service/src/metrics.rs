//! What the node counts: see `docs/metrics.md`.

use std::{sync::atomic::AtomicU64, time::Duration};

use edge::Tls;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use schema::{HeldState, JobStatus};

use crate::node::Node;

type Label = [(&'static str, &'static str); 1];
type Seconds = Gauge<f64, AtomicU64>;

/// Every figure, and the list of them.
pub(crate) struct Metrics {
    pub(crate) registry: Registry,
    attempts: Family<Label, Counter>,
    admission: Histogram,
    /// Requests to web services that were not answered, or not in a way that settles anything.
    callback_failures: Counter,
    pub(crate) work: Counter,
    held: Family<Label, Gauge>,
    journal: Gauge,
    lease: Seconds,
    /// Digests that wanted more of the disk than their tenant may hold.
    quota_refusals: Counter,
    scratch: Gauge,
}

impl Metrics {
    pub(crate) fn new(
        callback_failures: Counter,
        quota_refusals: Counter,
        tls: Option<&Tls>,
    ) -> Self {
        let mut all = Self {
            registry: Registry::with_prefix("digester_node"),
            attempts: Family::default(),
            admission: edge::waiting_times(),
            callback_failures,
            work: Counter::default(),
            held: Family::default(),
            journal: Gauge::default(),
            lease: Seconds::default(),
            quota_refusals,
            scratch: Gauge::default(),
        };
        all.register();
        if let Some(tls) = tls {
            tls.register(&mut all.registry);
        }
        all
    }

    fn register(&mut self) {
        let list = &mut self.registry;
        list.register("attempts", "Attempts that ended here", self.attempts.clone());
        let help = "How long jobs waited here for the regulator";
        list.register_with_unit("admission", help, Unit::Seconds, self.admission.clone());
        let help = "Requests to the web service that must be made again";
        list.register("callback_retries", help, self.callback_failures.clone());
        let help = "Work done, in units of its kind: bytes read by loads";
        list.register("work", help, self.work.clone());
        list.register("held_jobs", "Jobs held here", self.held.clone());
        let help = "Outcomes that the web service has still to hear of";
        list.register("journal_outcomes", help, self.journal.clone());
        let help = "How long what is here is this node's own; -1 where no lease is granted";
        list.register_with_unit("lease", help, Unit::Seconds, self.lease.clone());
        let help = "How often a digest wanted more of the disk than there was for it";
        list.register("quota_refusals", help, self.quota_refusals.clone());
        let help = "What unfinished digests hold of the disk";
        list.register_with_unit("scratch", help, Unit::Bytes, self.scratch.clone());
    }

    /// An attempt ended so; none: it was not this node's any more.
    pub(crate) fn ended(&self, status: Option<JobStatus>) {
        let outcome = match status {
            None => "lost",
            // What is submitted again was handed back.
            Some(JobStatus::Submitted | JobStatus::Running) => "handed_back",
            Some(settled) => settled.as_str(),
        };
        self.attempts.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// The regulator let a job go that had waited so long.
    pub(crate) fn admitted(&self, waited: Duration) {
        self.admission.observe(waited.as_secs_f64());
    }

    /// Looks at what the node has now.
    pub(crate) fn look(&self, node: &Node) {
        let states = node.intake.states();
        for (state, name) in [
            (HeldState::Waiting, "waiting"),
            (HeldState::Claiming, "claiming"),
            (HeldState::Running, "running"),
            (HeldState::Reporting, "reporting"),
        ] {
            let count = states.iter().filter(|held| **held == state).count();
            self.held.get_or_create(&[("state", name)]).set(count as i64);
        }
        self.scratch.set(i64::try_from(node.scratch.bytes()).unwrap_or(i64::MAX));
        self.journal.set(node.journal.depth() as i64);
        self.lease.set(node.lease.remaining().map_or(-1.0, |left| left.as_secs_f64()));
    }
}
