//! Starts what the regulator admits.

use std::{sync::Arc, time::Duration};

use regulator::{Moment, Shared};
use tokio::task::JoinSet;
use tracing::error;

use crate::{attempt, node::Node};

/// How long the runner sleeps when nothing is expected by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Starts attempts until the node stops, then waits for those under way.
pub(crate) async fn run(node: Arc<Node>) {
    let mut attempts = JoinSet::new();
    while !node.stopping.is_cancelled() {
        while let Some(admitted) = node.intake.admit() {
            node.metrics.admitted(admitted.permit.grant().waited);
            attempts.spawn(attempt::run(Arc::clone(&node), admitted));
        }
        tokio::select! {
            () = node.runner.notified() => {}
            () = tokio::time::sleep(until_wake(&node.regulator)) => {}
            Some(ended) = attempts.join_next() => tell(ended),
            () = node.stopping.cancelled() => {}
        }
    }
    while let Some(ended) = attempts.join_next().await {
        tell(ended);
    }
}

/// How long until the regulator may say something else by itself.
fn until_wake(regulator: &Shared) -> Duration {
    let now = regulator.now();
    match regulator.lock().wake(now) {
        Some(moment) if moment != Moment::NEVER => moment.since(now.moment).min(LOOK_AGAIN),
        _ => LOOK_AGAIN,
    }
}

fn tell(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        error!(%error, "an attempt ended without a word");
    }
}
