//! The digester services that made themselves known: their leases, and what is taken from those
//! that are gone.

mod grace;
mod keeper;
mod reach;

pub use grace::Grace;
pub(crate) use keeper::run;
pub(crate) use reach::Reach;

use std::collections::HashSet;

use edge::Step;
use schema::{Attempt, Heartbeat, JobId, JobStatus, Lease, NodeId};
use tracing::{info, warn};
use uuid::Uuid;

use crate::{
    app::App,
    error::{ApiError, Doing as _},
    store::{
        self,
        node::{Loss, Renewed, Taken},
    },
};

/// How many jobs are taken from a node in one statement.
const TAKEN_AT_ONCE: i64 = 500;

/// Renews the lease of a node. One that is not known yet, or has been started anew, gets its name
/// first.
pub(crate) async fn renew(app: &App, id: &NodeId, beat: &Heartbeat) -> Result<Lease, ApiError> {
    take_cut_short(app, id, &beat.cut_short).await.doing("end attempts that were cut short")?;
    let mut renewed = renewed(app, id, beat).await?;
    if !renewed.renewed {
        register(app, id, beat).await?;
        renewed = self::renewed(app, id, beat).await?;
        // Now that the tables say where it is.
        app.news.node_came(id.clone());
    }
    let Renewed { renewed: true, lost, cancel } = renewed else {
        return Err(ApiError::NameTaken(id.clone()));
    };
    Step::Renewed.pass();
    app.reach.look(id, beat);
    let lease_ms = u64::try_from(app.config.lease.length().as_millis()).unwrap_or(u64::MAX);
    Ok(Lease { lease_ms, lost, cancel })
}

async fn renewed(app: &App, id: &NodeId, beat: &Heartbeat) -> Result<Renewed, ApiError> {
    store::node::renew(&app.db, id, beat, app.config.lease.length())
        .await
        .doing("renew the node's lease")
}

/// Gives a process its name. What the one before ran is nobody's now, but for what this one answers
/// for: outcomes that are still to be delivered. What it had waiting it will take up again.
async fn register(app: &App, id: &NodeId, beat: &Heartbeat) -> Result<(), ApiError> {
    let boot = beat.boot;
    if store::node::is_taken(&app.db, id, boot).await.doing("look up the node")? {
        return Err(ApiError::NameTaken(id.clone()));
    }
    let why = format!("node {id} was started anew");
    let spared = beat.attempts.iter().copied().collect();
    let ran = Some(JobStatus::Running);
    take_all(app, id, ran, boot, &why, &spared).await.doing("take what the former process ran")?;
    store::node::register(&app.db, id, boot).await.doing("take note of the node")?;
    Step::Registered.pass();
    info!(node = %id, address = beat.address, "node {id} takes jobs in at {}", beat.address);
    Ok(())
}

/// Takes everything from a node that has this status, or any, but what is spared; unless a process
/// that began as this one or later is live.
async fn take_all(
    app: &App,
    node: &NodeId,
    status: Option<JobStatus>,
    unless_boot: Uuid,
    why: &str,
    spared: &HashSet<Attempt>,
) -> sqlx::Result<()> {
    let mut after = JobId(Uuid::nil());
    loop {
        let found = store::node::holdings(&app.db, node, status, after, TAKEN_AT_ONCE).await?;
        let Some(last) = found.last() else { return Ok(()) };
        after = last.id;
        let attempts: Vec<_> = found.into_iter().filter(|held| !spared.contains(held)).collect();
        take(app, node, unless_boot, why, &attempts).await?;
    }
}

/// Ends attempts that their node has found to have ended without a word.
async fn take_cut_short(app: &App, node: &NodeId, attempts: &[Attempt]) -> sqlx::Result<()> {
    if attempts.is_empty() {
        return Ok(());
    }
    take(app, node, Uuid::max(), "its node has lost it", attempts).await
}

async fn take(
    app: &App,
    node: &NodeId,
    unless_boot: Uuid,
    why: &str,
    attempts: &[Attempt],
) -> sqlx::Result<()> {
    let max_cut_short = app.config.lease.max_cut_short;
    let loss = Loss { node, attempts, why, unless_boot, max_cut_short };
    let taken = store::node::take_away(&app.db, &loss).await?;
    if !taken.is_empty() {
        Step::TakenAway.pass();
        warn!(node = %node, jobs = taken.len(), "took {} jobs from {node}: {why}", taken.len());
    }
    for Taken { id, status, ran } in taken {
        app.metrics.taken_away(status, ran);
        match status {
            JobStatus::Submitted => app.news.submitted(id),
            _ => app.news.changed(id),
        }
    }
    Ok(())
}
