//! A digester whose jobs sleep until the test wakes them.

use std::{
    collections::HashSet,
    sync::{Arc, Condvar, Mutex},
};

use digester_service::{Digester, Needs, Outcome, Work};
use regulator::Demand;
use schema::Kind;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::watch;

/// Executes instructions of kind `sleeper`.
#[derive(Clone)]
pub(crate) struct Sleepers {
    woken: Arc<(Mutex<HashSet<usize>>, Condvar)>,
    begun: Arc<watch::Sender<Vec<usize>>>,
}

/// Who is to sleep, and what of the node it takes.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Order {
    pub(crate) number: usize,
    pub(crate) exclusive: Option<String>,
    pub(crate) memory: u64,
    /// How much disk it says that it held.
    pub(crate) disk: u64,
}

impl Default for Sleepers {
    fn default() -> Self {
        Self { woken: Arc::default(), begun: Arc::new(watch::channel(Vec::new()).0) }
    }
}

impl Sleepers {
    /// Lets one come to its end.
    pub(crate) fn wake(&self, number: usize) {
        self.woken.0.lock().unwrap().insert(number);
        self.woken.1.notify_all();
    }

    /// Who has fallen asleep so far, the first one first.
    pub(crate) fn begun(&self) -> Vec<usize> {
        self.begun.borrow().clone()
    }
}

impl Digester for Sleepers {
    fn kind(&self) -> Kind {
        Kind::new("sleeper").unwrap()
    }

    fn needs(&self, instruction: &RawValue) -> Needs {
        let Order { exclusive, memory, .. } = serde_json::from_str(instruction.get()).unwrap();
        Needs { demand: Demand { memory, ..Demand::default() }, exclusive, cost: None }
    }

    fn digest(&self, work: &Work) -> Outcome {
        let Order { number, disk, .. } = serde_json::from_str(work.instruction().get()).unwrap();
        self.begun.send_modify(|begun| begun.push(number));
        let woken = self.woken.0.lock().unwrap();
        drop(self.woken.1.wait_while(woken, |woken| !woken.contains(&number)).unwrap());
        work.held_disk(disk);
        Outcome::Completed { message: "woke up".to_owned(), report: None }
    }
}
