//! Forgets sessions and tokens that are not good any more.

use std::time::Duration;

use tracing::warn;

use crate::{app::App, store};

/// How often is looked.
const EVERY: Duration = Duration::from_secs(3600);

/// Forgets until told to stop.
pub(crate) async fn run(app: App) {
    while !app.shutdown.is_cancelled() {
        if let Err(error) = store::access::forget_expired(&app.db).await {
            warn!(error = &error as &dyn std::error::Error, "could not forget old sessions");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = app.shutdown.cancelled() => {}
        }
    }
}
