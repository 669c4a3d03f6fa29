//! Forgets what is older than it has to be.

use std::time::Duration;

use tracing::{info, warn};

use crate::{app::App, store};

/// How often is looked.
const EVERY: Duration = Duration::from_secs(600);
/// How long to wait between two batches, so that others get their turn.
const BETWEEN: Duration = Duration::from_millis(100);

/// Forgets until told to stop; at once, if everything is kept.
pub(crate) async fn run(app: App) {
    let Some(days) = app.config.retention.days else { return };
    info!(days, "what settled more than {days} days ago is forgotten");
    while !app.shutdown.is_cancelled() {
        let forgot = forget(&app, days).await.unwrap_or_else(|error| {
            warn!(error = &error as &dyn std::error::Error, "could not forget old jobs");
            false
        });
        tokio::select! {
            () = tokio::time::sleep(if forgot { BETWEEN } else { EVERY }) => {}
            () = app.shutdown.cancelled() => {}
        }
    }
}

/// Forgets one batch; whether there was anything to forget.
async fn forget(app: &App, days: u32) -> sqlx::Result<bool> {
    let jobs = store::retention::forget(&app.db, days, app.config.retention.batch).await?;
    if jobs > 0 {
        info!(jobs, "forgot {jobs} jobs");
    }
    Ok(jobs > 0)
}
