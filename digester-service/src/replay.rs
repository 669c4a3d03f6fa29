//! Compares what the web service says is unsettled on this node with what the node has: after a
//! start, and now and then.

use std::{collections::HashSet, sync::Arc};

use edge::Step;
use schema::{Attempt, DigestConfig, Job, JobFilter, JobId, JobStatus, Kind, Limit, NewJob};
use serde_json::value::RawValue;
use tracing::{debug, warn};

use crate::{callback::Away, error::ApiError, node::Node};

/// What is to be done about unsettled jobs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ReplayPlan {
    /// Waiting, and not held: offer them to the intake.
    pub take: Vec<JobId>,
    /// Running, says the web service, but not here: attempts that ended without a word. Or waiting
    /// for a digester that this process does not have.
    pub lacks: Vec<Attempt>,
    /// Held here, and to end: somebody asked for it, and word of it may have been lost.
    pub stop: Vec<JobId>,
}

impl ReplayPlan {
    /// Decides, and does nothing.
    pub fn new(
        unsettled: &[Job],
        is_ours: impl Fn(&Job) -> bool,
        is_served: impl Fn(&Kind) -> bool,
        is_held: impl Fn(JobId) -> bool,
    ) -> Self {
        let mut plan = Self::default();
        for job in unsettled.iter().filter(|job| is_ours(job)) {
            match job.status {
                _ if is_held(job.id) => plan.stop.extend(job.cancel_requested.then_some(job.id)),
                JobStatus::Submitted if is_served(&job.kind) => plan.take.push(job.id),
                JobStatus::Submitted | JobStatus::Running => {
                    plan.lacks.push(Attempt { id: job.id, attempt: job.attempt });
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
    // After a start everything that waits is new to this process; later, hardly anything is.
    let mut is_first = true;
    loop {
        let pause = match pass(&node, is_first).await {
            Ok(()) => {
                is_first = false;
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

async fn pass(node: &Node, instructions: bool) -> Result<(), Away> {
    let mut filter = JobFilter {
        settled: Some(false),
        node: Some(node.name.clone()),
        limit: Some(Limit::MOST),
        instructions,
        ..JobFilter::default()
    };
    let mut room = true;
    loop {
        let page = node.callback.jobs(&filter).await?;
        Step::Replaying.pass();
        room = carry_out(node, page.items, room).await?;
        filter.after = page.next.and_then(|next| next.parse().ok());
        filter.instructions &= room;
        if filter.after.is_none() {
            return Ok(());
        }
    }
}

/// Carries out what is to be done about these jobs; waiting ones are left to the next pass if there
/// is no room for them. Returns whether there is more.
async fn carry_out(node: &Node, jobs: Vec<Job>, room: bool) -> Result<bool, Away> {
    let plan = ReplayPlan::new(
        &jobs,
        |job| job.node.as_ref() == Some(&node.name),
        |kind| node.digesters.contains_key(kind),
        |id| node.has(id),
    );
    for &id in &plan.stop {
        node.cancel(id);
    }
    if !plan.lacks.is_empty() {
        warn!(jobs = plan.lacks.len(), "jobs that this node should have are not here");
        node.lease.lacks(plan.lacks);
    }
    if !room || plan.take.is_empty() {
        return Ok(room);
    }
    let take: HashSet<_> = plan.take.into_iter().collect();
    take_up(node, jobs.into_iter().filter(|job| take.contains(&job.id))).await
}

/// Offers jobs to the intake, down the same path as new work; `false` when there is no more room.
async fn take_up(node: &Node, jobs: impl Iterator<Item = Job>) -> Result<bool, Away> {
    let mut offers = Vec::new();
    for mut job in jobs {
        if job.instruction.is_none() {
            job.instruction = instruction(node, &job).await?;
        }
        if job.instruction.is_some() {
            let config = DigestConfig { known: true, ..DigestConfig::default() };
            offers.push((new_job(job), config));
        }
    }
    let ids: Vec<_> = offers.iter().map(|(job, _)| job.id).collect();
    let mut room = true;
    for (id, offered) in ids.into_iter().zip(node.offer_all(offers).await) {
        match offered {
            Ok(false) => debug!(job.id = %id, "took job {id} up again"),
            Ok(true) => {}
            Err(ApiError::Full { .. } | ApiError::Stopping) => room = false,
            Err(error) => warn!(job.id = %id, "cannot take job {id} up again: {error}"),
        }
    }
    Ok(room)
}

async fn instruction(node: &Node, job: &Job) -> Result<Option<Box<RawValue>>, Away> {
    match node.callback.instruction(&job.key).await? {
        Ok(instruction) => Ok(Some(instruction.body)),
        Err(refusal) => {
            warn!(job.id = %job.id, "cannot take job {} up again: {refusal}", job.id);
            Ok(None)
        }
    }
}

fn new_job(job: Job) -> NewJob {
    NewJob {
        id: job.id,
        key: job.key,
        kind: job.kind,
        tenant: job.tenant,
        submitted_by: job.submitted_by,
        attempt: job.attempt,
        node: None,
        traceparent: job.traceparent,
        instruction: job.instruction,
    }
}
