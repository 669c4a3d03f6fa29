//! Who watches that no rule is broken.

use std::collections::BTreeMap;

use regulator::sim::{Event, TraceJob};
use regulator::{AskId, Demand, Moment, Now};

/// The rules as their own books, kept beside the regulator's.
#[derive(Default)]
pub(super) struct Inspector {
    gates: u8,
    pub(super) running: BTreeMap<AskId, (TraceJob, Demand)>,
    starts: Vec<(Moment, String)>,
}

impl Inspector {
    /// One that knows which gates there are.
    pub(super) fn new(gates: u8) -> Self {
        Self { gates, ..Self::default() }
    }

    pub(super) fn see(&mut self, now: Now, event: &Event<'_>) {
        match event {
            Event::Started(job, grant) => {
                self.running.insert(job.id, ((*job).clone(), grant.demand));
                self.starts.push((now.moment, job.tenant.clone()));
                self.inspect(now, job);
            }
            Event::Ended(job, _) => assert!(self.running.remove(&job.id).is_some()),
            Event::Submitted(..) | Event::Settled => {}
        }
    }

    fn count(&self, of: impl Fn(&TraceJob) -> bool) -> usize {
        self.running.values().filter(|(job, _)| of(job)).count()
    }

    fn has(&self, gate: usize) -> bool {
        self.gates & (1 << gate) != 0
    }

    fn inspect(&self, now: Now, new: &TraceJob) {
        let demands = self.running.values().map(|(_, demand)| demand);
        let used = demands.fold(Demand::default(), |all, demand| all.plus(demand));
        let budget = Demand { cpu_milli: 8000, memory: 1000, scratch: 400, io: 6 };
        assert!(budget.holds(&used), "{used:?}");
        assert!(!self.has(0) || self.running.len() <= 5);
        assert!(!self.has(1) || new.key.is_none() || self.count(|job| job.key == new.key) == 1);
        assert!(!self.has(2) || self.count(|job| job.tenant == new.tenant) <= 3);
        assert!(!self.has(3) || self.count(|job| job.kind == new.kind) <= 4);
        assert!(!self.has(4) || self.rate(now, 10.0, 4, |_| true));
        assert!(!self.has(5) || self.rate(now, 20.0, 2, |tenant| tenant == new.tenant));
        let minute = now.wall.as_second() / 60 % (24 * 60);
        assert!(!self.has(6) || new.kind != "matrix" || !(3..6).contains(&minute));
        assert!(!self.has(7) || new.kind != "task" || !(5..7).contains(&minute));
    }

    /// In every stretch that ends now: starts ≤ burst + length / step.
    fn rate(&self, now: Now, step: f64, burst: usize, of: impl Fn(&str) -> bool) -> bool {
        let starts = self.starts.iter().rev().filter(|(_, tenant)| of(tenant)).take(50);
        starts.enumerate().all(|(before, (at, _))| {
            let length = now.moment.since(*at).as_secs_f64();
            (before + 1) as f64 <= burst as f64 + length / step + 1e-6
        })
    }
}
