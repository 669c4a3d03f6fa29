//! Lets leases lapse, and gives what lapsed nodes had to others.

use std::collections::HashSet;

use edge::Step;
use jiff::SignedDuration;
use tokio::time::{Instant, sleep};
use tracing::warn;
use uuid::Uuid;

use super::{grace::Grace, take_all};
use crate::{app::App, store};

/// How much may pass between the look at the database's clock and the look at the leases.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(1);

/// Looks at the leases until told to stop. Any number of web services may do so at once.
pub(crate) async fn run(app: App) {
    let mut grace = Grace::new(app.config.lease.length(), Instant::now());
    while !app.shutdown.is_cancelled() {
        if let Err(error) = look(&app, &mut grace).await {
            warn!(error = &error as &dyn std::error::Error, "could not look at the leases");
            grace.missed(Instant::now());
        }
        tokio::select! {
            () = sleep(app.config.lease.scan()) => {}
            () = app.shutdown.cancelled() => {}
        }
    }
}

async fn look(app: &App, grace: &mut Grace) -> sqlx::Result<()> {
    let database = store::node::clock(&app.db, app.config.lease.length()).await?;
    let now = Instant::now();
    grace.saw(now, database);
    if !grace.is_over(now) {
        return Ok(());
    }
    // The clock may jump even between two statements.
    for node in store::node::lapse(&app.db, database + TOLERANCE).await? {
        warn!(node = %node, "the lease of node {node} lapsed");
        app.metrics.lease_lapses.inc();
        Step::Lapsed.pass();
    }
    // Also what another web service began to take, or what a node got as it lapsed.
    for node in store::node::lapsed_with_jobs(&app.db).await? {
        let why = format!("the lease of node {node} lapsed");
        take_all(app, &node, None, Uuid::nil(), &why, &HashSet::new()).await?;
    }
    Ok(())
}
