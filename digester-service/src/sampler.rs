//! Reads how hard pressed the machine is, for the regulator.

use std::{fs, num::NonZeroUsize, path::Path, thread::available_parallelism, time::Duration};

use regulator::{Pressure, Signal};
use tracing::info;

use crate::node::Node;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(5);
/// Where Linux tells its pressure stall information (kernel documentation, accounting/psi).
const PRESSURE: &str = "/proc/pressure";

/// Samples until dropped.
pub(crate) async fn run(node: &Node) {
    if !Path::new(PRESSURE).exists() {
        info!("this kernel tells no pressure (no {PRESSURE}): a gate `pressure` on it is inert");
    }
    loop {
        observe(node);
        node.runner.notify_one();
        tokio::time::sleep(EVERY).await;
    }
}

fn observe(node: &Node) {
    let (pressure, work) = (sample(node), node.intake.take_work() as f64);
    node.metrics.work.inc_by(work as u64);
    let now = node.regulator.now();
    let mut regulator = node.regulator.lock();
    regulator.observe(now, Signal::Pressure(pressure));
    regulator.observe(now, Signal::Work(work));
}

/// What can be read; the files are the kernel's own and never block.
fn sample(node: &Node) -> Pressure {
    let read = |what: &str| {
        let text = fs::read_to_string(Path::new(PRESSURE).join(what)).unwrap_or_default();
        Pressure::parse(&text)
    };
    Pressure {
        cpu: read("cpu").0,
        memory: read("memory").1,
        io: read("io").1,
        load: load_per_core(),
        disk_free: disk_free(&node.state),
        backlog: Some(node.journal.depth() as u64),
    }
}

fn load_per_core() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let load: f64 = text.split_whitespace().next()?.parse().ok()?;
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    Some(load / cores as f64)
}

fn disk_free(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail * disk.f_frsize)
}
