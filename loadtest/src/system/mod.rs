//! The system under test: real processes, a database, and a network that can be broken.

mod address;
mod cluster;
pub(crate) mod crowd;
mod database;
mod hogs;
mod message;
pub(crate) mod preload;
mod process;
mod proxy;
mod weather;
mod whole;
mod wire;

pub(crate) use cluster::{Cluster, pgbench};
pub(crate) use crowd::Crowd;
pub(crate) use database::Database;
pub(crate) use hogs::Hogs;
pub(crate) use process::{Environment, Process, Signal};
pub(crate) use proxy::Proxy;
pub(crate) use weather::Weather;
pub(crate) use whole::{Settings, System};
pub(crate) use wire::{Answer, Wire};

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until there is something, or says what it waited for in vain.
pub(crate) async fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        anyhow::ensure!(begin.elapsed() < patience, "waited {patience:?} in vain until {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
