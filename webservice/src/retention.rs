//! Forgets what is older than it has to be.

use std::time::Duration;

use tracing::{info, warn};

use crate::{app::App, store};

/// How often is looked.
const EVERY: Duration = Duration::from_secs(600);
/// How long to wait between two batches, so that others get their turn.
const BETWEEN: Duration = Duration::from_millis(100);

/// Forgets until told to stop.
pub(crate) async fn run(app: App) {
    if let Some(days) = app.config.retention.days {
        info!(days, "what settled more than {days} days ago is forgotten");
    }
    while !app.shutdown.is_cancelled() {
        let forgot = forget(&app).await.unwrap_or_else(|error| {
            warn!(error = &error as &dyn std::error::Error, "could not forget what is old");
            false
        });
        tokio::select! {
            () = tokio::time::sleep(if forgot { BETWEEN } else { EVERY }) => {}
            () = app.shutdown.cancelled() => {}
        }
    }
}

/// Forgets sessions and tokens that are not good any more, nodes that are long gone, and one batch of
/// jobs; whether there were jobs to forget.
async fn forget(app: &App) -> sqlx::Result<bool> {
    let config = &app.config.retention;
    store::access::forget_expired(&app.db).await?;
    let nodes = store::retention::forget_nodes(&app.db, config.node_days).await?;
    if nodes > 0 {
        info!(nodes, "forgot {nodes} nodes");
    }
    let Some(days) = config.days else { return Ok(false) };
    let jobs = store::retention::forget(&app.db, days, config.batch).await?;
    if jobs > 0 {
        info!(jobs, "forgot {jobs} jobs");
    }
    Ok(jobs > 0)
}
