//! Takes up what the web service says is unsettled on this node: after a crash, and now and then.

use std::sync::Arc;

use schema::{DigestConfig, Job, JobFilter, JobId, JobPatch, JobStatus, NewJob};
use tracing::{info, warn};

use crate::{callback::Away, error::ApiError, node::Node};

/// How many jobs are asked for at once.
const PAGE: u32 = 100;
/// Later than any patch that the lost attempt can have sent.
const LAST_SEQUENCE: u32 = i32::MAX.unsigned_abs();

/// What is to be done about unsettled jobs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ReplayPlan {
    /// Waiting, and not held: offer them to the intake.
    pub(crate) take: Vec<JobId>,
    /// Running, says the web service, but not here: an attempt that a crash ended.
    pub(crate) resume: Vec<JobId>,
    /// The same, once too often.
    pub(crate) give_up: Vec<JobId>,
    /// Held here, and to end: somebody asked for it, and word of it may have been lost.
    pub(crate) stop: Vec<JobId>,
}

impl ReplayPlan {
    /// Decides, and does nothing.
    pub(crate) fn new(
        unsettled: &[Job],
        is_ours: impl Fn(&Job) -> bool,
        is_held: impl Fn(JobId) -> bool,
        max_cut_short: u32,
    ) -> Self {
        let mut plan = Self::default();
        for job in unsettled.iter().filter(|job| is_ours(job)) {
            match job.status {
                _ if is_held(job.id) => plan.stop.extend(job.cancel_requested.then_some(job.id)),
                JobStatus::Submitted => plan.take.push(job.id),
                JobStatus::Running
                    if job.cut_short + 1 >= max_cut_short && !job.cancel_requested =>
                {
                    plan.give_up.push(job.id);
                }
                JobStatus::Running => plan.resume.push(job.id),
                JobStatus::Completed | JobStatus::Failed | JobStatus::Cancelled => {}
            }
        }
        plan
    }
}

/// Replays now, and every so often, until dropped.
pub(crate) async fn run(node: Arc<Node>) {
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
        node.limits.max_cut_short,
    );
    for &id in &plan.stop {
        node.cancel(id);
    }
    let find = |id: &JobId| jobs.iter().find(|job| job.id == *id);
    for job in plan.give_up.iter().filter_map(find) {
        give_up(node, job).await?;
    }
    let mut take_up = Vec::with_capacity(jobs.len());
    for job in plan.resume.iter().filter_map(find) {
        if hand_back(node, job).await? {
            take_up.push(job);
        }
    }
    take_up.extend(plan.take.iter().filter_map(find));
    for job in take_up {
        *room = *room && take(node, job).await?;
    }
    Ok(())
}

/// Ends the lost attempt, so that the next one can begin; `false` if the job went on meanwhile.
async fn hand_back(node: &Node, job: &Job) -> Result<bool, Away> {
    let (status, message) = match job.cancel_requested {
        true => (JobStatus::Cancelled, "cancelled; its attempt was cut short".to_owned()),
        false => (JobStatus::Submitted, format!("attempt {} was cut short", job.attempt)),
    };
    Ok(end_lost(node, job, status, message).await? && status == JobStatus::Submitted)
}

async fn give_up(node: &Node, job: &Job) -> Result<(), Away> {
    let message = format!(
        "given up: attempt {} was cut short like those before; look at the node's log before you \
         run it again",
        job.attempt
    );
    end_lost(node, job, JobStatus::Failed, message).await.map(drop)
}

async fn end_lost(
    node: &Node,
    job: &Job,
    status: JobStatus,
    message: String,
) -> Result<bool, Away> {
    warn!(job.id = %job.id, job.attempt = job.attempt, "job {}: {message}", job.id);
    let patch = JobPatch {
        attempt: job.attempt,
        sequence: LAST_SEQUENCE,
        node: node.name.clone(),
        status: Some(status),
        cut_short: true,
        stage: None,
        progress: None,
        message: Some(message),
        report: None,
    };
    let answer = node.callback.patch(job.id, &patch).await?;
    Ok(answer.is_ok_and(|answer| answer.status == status))
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
