//! A digester that does as it is told, when it is told.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use digester_service::{Digester, Glance, Needs, Outcome, Work};
use schema::{Kind, Preview, Progress};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{sync::watch, time::timeout};

use crate::world::GUARD;

/// Executes instructions of kind `gate`: each waits at the gate until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    open: Arc<(Mutex<bool>, Condvar)>,
    begun: Arc<Begun>,
    published: Published,
}

struct Begun(watch::Sender<usize>);

/// What was made, and got its name.
#[derive(Clone, Default)]
struct Published(Arc<Mutex<usize>>);

impl Default for Begun {
    fn default() -> Self {
        Self(watch::channel(0).0)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Order {
    /// Told before the gate, with the progress after each.
    stages: Vec<String>,
    /// Told behind the gate.
    last_progress: Option<u64>,
    report: Option<Box<RawValue>>,
    /// Does not heed the call to stop.
    stubborn: bool,
    panic: Option<String>,
    panic_over_needs: bool,
    exclusive: Option<String>,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }

    /// Waits until so many digests have come to the gate.
    pub(crate) async fn reached(&self, count: usize) {
        let mut begun = self.begun.0.subscribe();
        timeout(GUARD, begun.wait_for(|begun| *begun >= count)).await.expect("it begins").unwrap();
    }

    /// How many digests have published what they made.
    pub(crate) fn published(&self) -> usize {
        *self.published.0.lock().unwrap()
    }

    /// How many digests have begun.
    pub(crate) fn count(&self) -> usize {
        *self.begun.0.borrow()
    }

    /// Waits for the gate, or the call to stop; looks up now and then, as digesters do.
    fn pass(&self, work: &Work, stubborn: bool) -> bool {
        let mut open = self.open.0.lock().unwrap();
        while !*open {
            if work.is_cancelled() && !stubborn {
                return false;
            }
            open = self.open.1.wait_timeout(open, Duration::from_millis(5)).unwrap().0;
        }
        true
    }
}

impl Digester for Gate {
    fn kind(&self) -> Kind {
        Kind::new("gate").unwrap()
    }

    fn needs(&self, instruction: &RawValue) -> Needs {
        let order: Order = serde_json::from_str(instruction.get()).unwrap();
        assert!(!order.panic_over_needs, "what is this?");
        Needs { exclusive: order.exclusive, ..Needs::default() }
    }

    fn digest(&self, work: &Work) -> Outcome {
        let order: Order = serde_json::from_str(work.instruction().get()).unwrap();
        for (done, stage) in order.stages.iter().enumerate() {
            work.stage(stage, "begins");
            work.progress(Progress { done: done as u64, total: 9 });
        }
        self.begun.0.send_modify(|begun| *begun += 1);
        if !self.pass(work, order.stubborn) {
            return Outcome::Stopped;
        }
        if let Some(done) = order.last_progress {
            work.progress(Progress { done, total: 9 });
        }
        if let Some(why) = order.panic {
            panic!("{why}");
        }
        if !work.may_publish() {
            return Outcome::Stopped;
        }
        *self.published.0.lock().unwrap() += 1;
        Outcome::Completed { message: "passed".to_owned(), report: order.report }
    }

    fn preview(&self, instruction: &RawValue, glance: &Glance) -> Option<Preview> {
        let order: Order = serde_json::from_str(instruction.get()).unwrap();
        self.begun.0.send_modify(|begun| *begun += 1);
        if let Some(why) = order.panic {
            panic!("{why}");
        }
        let mut open = self.open.0.lock().unwrap();
        while !*open && !glance.is_over() {
            open = self.open.1.wait_timeout(open, Duration::from_millis(5)).unwrap().0;
        }
        let message = "would pass".to_owned();
        open.then(|| Preview { fine: true, message, node: None, report: order.report })
    }
}
