//! Compares what the web service says is unsettled on this node with what the node has: after a
//! start, and now and then.

use std::sync::Arc;

use schema::{Attempt, DigestConfig, Job, JobFilter, JobId, JobStatus, NewJob};
use tracing::{info, warn};

use crate::{callback::Away, error::ApiError, node::Node};

/// How many jobs are asked for at once.
const PAGE: u32 = 100;
/// What is to be done about unsettled jobs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ReplayPlan {
    /// Waiting, and not held: offer them to the intake.
    pub(crate) take: Vec<JobId>,
    /// Running, says the web service, but not here: attempts that ended without a word.
    pub(crate) cut_short: Vec<Attempt>,
    /// Held here, and to end: somebody asked for it, and word of it may have been lost.
    pub(crate) stop: Vec<JobId>,
}

impl ReplayPlan {
    /// Decides, and does nothing.
    pub(crate) fn new(
        unsettled: &[Job],
        is_ours: impl Fn(&Job) -> bool,
        is_held: impl Fn(JobId) -> bool,
    ) -> Self {
        let mut plan = Self::default();
        for job in unsettled.iter().filter(|job| is_ours(job)) {
            match job.status {
                _ if is_held(job.id) => plan.stop.extend(job.cancel_requested.then_some(job.id)),
                JobStatus::Submitted => plan.take.push(job.id),
                JobStatus::Running => {
                    plan.cut_short.push(Attempt { id: job.id, attempt: job.attempt });
                }
                JobStatus::Completed | JobStatus::Failed | JobStatus::Cancelled => {}
            }
        }
        plan
    }
}

/// Replays now, and every so often, until dropped.
pub(crate) async fn run(node: Arc<Node>) {
    // What the process before ran is nobody's once the web service has heard of this one.
    node.lease.registered().await;
    let mut backoff = edge::Backoff::new(node.limits.max_backoff());
    loop {
        let pause = match pass(&node).await {
            Ok(()) => {
                backoff.reset();
                node.limits.replay_every()
            }
            Err(away) => {
                let error = &away as &dyn std::error::Error;
                warn!(error, "could not ask what is unsettled");
                backoff.pause(None)
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn pass(node: &Node) -> Result<(), Away> {
    let mut filter = JobFilter {
        settled: Some(false),
        node: Some(node.name.clone()),
        limit: Some(PAGE),
        ..JobFilter::default()
    };
    let mut room = true;
    loop {
        let page = node.callback.jobs(&filter).await?;
        carry_out(node, &page.items, &mut room).await?;
        filter.after = page.next.and_then(|next| next.parse().ok());
        if filter.after.is_none() {
            return Ok(());
        }
    }
}

/// Carries out what is to be done about these jobs; waiting ones are left to the next pass once
/// there is no more room.
async fn carry_out(node: &Node, jobs: &[Job], room: &mut bool) -> Result<(), Away> {
    let plan = ReplayPlan::new(
        jobs,
        |job| job.node.as_ref() == Some(&node.name) && node.digesters.contains_key(&job.kind),
        |id| node.has(id),
    );
    for &id in &plan.stop {
        node.cancel(id);
    }
    if !plan.cut_short.is_empty() {
        warn!(jobs = plan.cut_short.len(), "attempts of this node ended without a word");
        node.lease.lacks(plan.cut_short);
    }
    let take_up = plan.take.iter().filter_map(|id| jobs.iter().find(|job| job.id == *id));
    for job in take_up {
        *room = *room && take(node, job).await?;
    }
    Ok(())
}

/// Offers a job to the intake, down the same path as new work; `false` when there is no room.
async fn take(node: &Node, job: &Job) -> Result<bool, Away> {
    let instruction = match node.callback.instruction(&job.key).await? {
        Ok(instruction) => instruction,
        Err(refusal) => {
            warn!(job.id = %job.id, "cannot take job {} up again: {refusal}", job.id);
            return Ok(true);
        }
    };
    let again = NewJob {
        id: job.id,
        key: job.key.clone(),
        kind: job.kind.clone(),
        tenant: job.tenant.clone(),
        submitted_by: job.submitted_by.clone(),
        attempt: job.attempt,
        node: None,
        instruction: Some(instruction.body),
    };
    let config = DigestConfig { known: true, ..DigestConfig::default() };
    match node.offer(again, config).await {
        Ok(false) => info!(job.id = %job.id, "took job {} up again", job.id),
        Ok(true) => {}
        Err(ApiError::Full { .. } | ApiError::Stopping) => return Ok(false),
        Err(error) => warn!(job.id = %job.id, "cannot take job {} up again: {error}", job.id),
    }
    Ok(true)
}
