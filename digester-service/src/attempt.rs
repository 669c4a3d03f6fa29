//! One attempt at one job: claimed, digested, its outcome written down.

use std::{fmt::Display, io, sync::Arc, time::Duration};

use edge::Step;
use regulator::{End, Permit};
use schema::{Demand, DigestConfig, HeldState, JobId, JobPatch, JobStatus, NewJob, PatchAnswer};
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span, error, field::Empty, info, info_span, warn};

use crate::{
    attending::Attending,
    callback::{Answers, Callback, Refusal},
    digester::{Outcome, Work, digest_caught, failed},
    intake::Admitted,
    journal::Parcel,
    node::Node,
    quota::Share,
    recorder::Unrecorded,
    reporter::{Reporter, Stop},
};

/// How often a claim is made again that the web service takes to be of a job handed to nobody: of
/// several web services, one may have handed it over a moment ago without having noted it.
const EARLY_CLAIMS: u32 = 5;

/// Takes an admitted job through its attempt. However it ends, the permit is given back.
pub(crate) async fn run(node: Arc<Node>, admitted: Admitted) {
    let Admitted { job, demand, config, reporter, permit } = admitted;
    let (id, attempt) = (job.id, reporter.attempt());
    let callback = node.callback_for(&config);
    Step::Admitted.pass();
    let Some(job) = with_instruction(&node, &callback, job).await else {
        return let_go(&node, permit, id, attempt);
    };
    // Claim before touching any file: a stale replay is refused here, and costs nothing. A node that
    // is stopping claims nothing more, and one that may have lost its lease nothing yet.
    let claimed = node.stopping.run_until_cancelled(node.leased(&config)).await.is_some()
        && claim(&node, &callback, demand, &reporter).await;
    if !claimed {
        return let_go(&node, permit, id, attempt);
    }
    Step::Claimed.pass();
    node.intake.moves_on(id, attempt, HeldState::Running);
    let deadline =
        config.deadline_seconds.or(node.limits.deadline_seconds).map(Duration::from_secs);
    let digest = async {
        let end = digest(&node, &config, job, &reporter, deadline).await;
        let (peak_memory, peak_scratch) = (reporter.memory(), reporter.disk());
        // A slow web service must not hold the node.
        permit.finish(regulator::Outcome { end, peak_memory, peak_scratch });
        node.intake.moves_on(id, attempt, HeldState::Reporting);
        reporter.finish();
    };
    tokio::join!(digest, reporter.run(&node.speaker, &callback, node.limits.report_every()));
    node.courier.notify_one();
}

/// The job is not for this node, or not now.
fn let_go(node: &Node, permit: Permit, id: JobId, attempt: u32) {
    permit.finish(regulator::Outcome::of(End::NotRun));
    node.intake.release(id, attempt);
}

/// The job with its instruction, which is asked for if there was no room to keep it; none if there
/// is none, or the node stops before there is an answer.
async fn with_instruction(node: &Node, callback: &Callback, mut job: NewJob) -> Option<NewJob> {
    let mut backoff = edge::Backoff::new(node.limits.max_backoff());
    while job.instruction.is_none() {
        match callback.instruction(&job.key).await {
            Ok(Ok(instruction)) => job.instruction = Some(instruction.body),
            Ok(Err(refusal)) => {
                info!(job.id = %job.id, "job {} has no instruction: {refusal}", job.id);
                return None;
            }
            Err(away) => {
                warn!(error = &away as &dyn std::error::Error, "the instruction must wait");
                pause(node, &mut backoff).await?;
            }
        }
    }
    Some(job)
}

/// Waits before another try; none if the node stops: whoever comes next takes the job.
async fn pause(node: &Node, backoff: &mut edge::Backoff) -> Option<()> {
    node.stopping.run_until_cancelled(tokio::time::sleep(backoff.pause(None))).await
}

/// Asks for the job until there is an answer; `false` if it is not ours.
async fn claim(node: &Node, callback: &Callback, demand: Demand, reporter: &Reporter) -> bool {
    let attempt = reporter.attempt();
    let claim = JobPatch {
        status: Some(JobStatus::Running),
        message: Some(format!("attempt {attempt} begins on {}", node.name)),
        demand: Some(demand),
        ..reporter.patch()
    };
    let claim = reporter.addressed(claim);
    let mut backoff = edge::Backoff::new(node.limits.max_backoff());
    let mut early = 0;
    loop {
        let heard = node.speaker.claim(callback, claim.clone()).await;
        match heard.map(sole) {
            Ok(Ok(answer)) => return is_ours(&answer, attempt, reporter),
            Ok(Err(Refusal::NotHanded)) if early < EARLY_CLAIMS => early += 1,
            Ok(Err(refusal)) => {
                info!(job.id = %claim.id, "job {} is not ours: {refusal}", claim.id);
                return false;
            }
            Err(away) => warn!(error = &away as &dyn std::error::Error, "the claim must wait"),
        }
        if pause(node, &mut backoff).await.is_none() {
            return false;
        }
    }
}

/// The answer to the only patch of a request.
fn sole(answers: Answers) -> Result<PatchAnswer, Refusal> {
    answers.into_iter().next().unwrap_or(Err(Refusal::Other))
}

fn is_ours(answer: &PatchAnswer, attempt: u32, reporter: &Reporter) -> bool {
    if answer.cancel_requested {
        reporter.stop(Stop::Cancelled);
    }
    // A repeated claim may be answered after the attempt was ended from elsewhere.
    answer.status == JobStatus::Running && answer.attempt == attempt
}

/// Runs the digester on a thread of its own. When this returns, the outcome is on disk, or only remembered
/// if the disk refuses it, or the job is let go of.
async fn digest(
    node: &Arc<Node>,
    config: &DigestConfig,
    job: NewJob,
    reporter: &Arc<Reporter>,
    deadline: Option<Duration>,
) -> End {
    let (id, span) = (job.id, span(&job));
    let to = node.base_for(config).to_owned();
    let outcome = match begin(node, &to, job, reporter, span.clone()) {
        Ok(outcome) => in_time(outcome, reporter, deadline).await,
        Err(error) => Some(failed(format!("the node has no thread for the job: {error}"))),
    };
    match outcome {
        Some(outcome) => settle(node, to, id, reporter, outcome).instrument(span).await,
        None => lost_thread(node, id, reporter),
    }
}

/// What happens in an attempt is told of its job, and of the job's trace.
fn span(job: &NewJob) -> Span {
    let span = info_span!("attempt", job.id = %job.id, job.key = %job.key, traceparent = Empty);
    if let Some(trace) = &job.traceparent {
        span.record("traceparent", trace.as_str());
    }
    span
}

/// The outcome, for which the digester is told to stop after its time; none if its thread is gone.
async fn in_time(
    mut outcome: oneshot::Receiver<Outcome>,
    reporter: &Reporter,
    deadline: Option<Duration>,
) -> Option<Outcome> {
    if let Some(deadline) = deadline {
        tokio::select! {
            outcome = &mut outcome => return outcome.ok(),
            () = tokio::time::sleep(deadline) => reporter.stop(Stop::Deadline),
        }
    }
    outcome.await.ok()
}

/// The attempt leaves no outcome: let go of the job, so that replay takes it up again.
fn lost_thread(node: &Node, id: JobId, reporter: &Reporter) -> End {
    error!(job.id = %id, "the thread of job {id} is gone without a word");
    node.intake.release(id, reporter.attempt());
    End::Failed
}

/// Begins on a thread that does nothing else meanwhile, and does not wait for the disk afterwards.
fn begin(
    node: &Arc<Node>,
    to: &str,
    job: NewJob,
    reporter: &Arc<Reporter>,
    span: Span,
) -> io::Result<oneshot::Receiver<Outcome>> {
    let (done, outcome) = oneshot::channel();
    let (to, reporter, on) = (to.to_owned(), Arc::clone(reporter), Arc::clone(node));
    node.threads.run(move || {
        let outcome = span.in_scope(|| execute(&on, &to, job, reporter));
        Step::Digested.pass();
        // Nobody waits any more when the node ends: whoever comes next takes the job up again.
        let _ = done.send(outcome);
    })?;
    Ok(outcome)
}

/// Executes the instruction; a panic becomes a failure with its message.
fn execute(node: &Node, to: &str, job: NewJob, reporter: Arc<Reporter>) -> Outcome {
    let Some(digester) = node.digesters.get(&job.kind).map(Arc::clone) else {
        return failed(format!("this node has no digester for “{}”", job.kind));
    };
    let Some(instruction) = job.instruction else {
        return failed("the job came without its instruction".to_owned());
    };
    // Told to stop before it began: by whoever cancelled it, or because the node is stopping.
    if reporter.is_stopped() {
        return Outcome::Stopped;
    }
    let lease = node.is_leased(to).then(|| Arc::clone(&node.lease));
    let share = Share::new(Arc::clone(&node.scratch), job.tenant);
    let work = Work::new(job.key, instruction, Attending { reporter, lease, share });
    match &node.apart {
        Some(apart) => apart.digest(&*digester, &work),
        None => digest_caught(&*digester, &work),
    }
}

/// Writes the outcome down, and says how the attempt ended. After this no crash can lose it, unless the
/// disk refuses it.
async fn settle(node: &Node, to: String, id: JobId, reporter: &Reporter, outcome: Outcome) -> End {
    let (earlier, last) = reporter.close();
    let is_out_of_memory = matches!(outcome, Outcome::OutOfMemory { .. });
    let patch = last_word(last, outcome, reporter.stopped());
    node.metrics.ended(patch.as_ref().and_then(|patch| patch.status));
    let Some(patch) = patch else {
        info!(job.id = %id, "job {id} was taken over; this attempt leaves nothing");
        node.intake.release(id, reporter.attempt());
        return End::NotRun;
    };
    let end = match patch.status {
        Some(JobStatus::Completed) => End::Completed,
        Some(JobStatus::Failed) if is_out_of_memory => End::OutOfMemory,
        Some(JobStatus::Failed) => End::Failed,
        _ => End::NotRun,
    };
    let message = patch.message.as_deref().unwrap_or_default();
    info!(job.id = %id, ?end, "job {id}: {message}");
    let parcel = Parcel { to, earlier, item: reporter.addressed(patch) };
    match node.recorder.run(parcel).await {
        Err(Unrecorded::Lost(error)) => {
            // Let go of the job, so that replay takes it up again, unless the journal has its outcome.
            error!(%error, job.id = %id, "the outcome of job {id} is lost");
            node.intake.release(id, reporter.attempt());
        }
        written => recorded(id, written),
    }
    end
}

/// The patch that settles the attempt; none if it is not ours any more.
fn last_word(last: JobPatch, outcome: Outcome, stopped: Option<Stop>) -> Option<JobPatch> {
    let (status, message, report) = match (outcome, stopped) {
        // What is done is done, whatever was asked for meanwhile.
        (Outcome::Completed { message, report }, _) => (JobStatus::Completed, message, report),
        (Outcome::Failed { message, report } | Outcome::OutOfMemory { message, report }, _) => {
            (JobStatus::Failed, message, report)
        }
        (Outcome::Stopped, Some(Stop::Lost)) => return None,
        (Outcome::Stopped, Some(Stop::Drain)) => {
            (JobStatus::Submitted, format!("handed back: {} is stopping", last.node), None)
        }
        (Outcome::Stopped, Some(Stop::Deadline)) => {
            (JobStatus::Failed, "stopped: it took longer than its deadline".to_owned(), None)
        }
        (Outcome::Stopped, Some(Stop::Cancelled) | None) => {
            (JobStatus::Cancelled, "cancelled while it ran".to_owned(), None)
        }
    };
    // A job that is handed back begins anew.
    let progress = last.progress.filter(|_| status.is_settled());
    Some(JobPatch { status: Some(status), message: Some(message), report, progress, ..last })
}

/// Reports the end of a job that had no attempt: the next one, ended before it began.
pub(crate) fn end_unstarted(
    node: &Node,
    to: String,
    job: &NewJob,
    status: JobStatus,
    message: String,
) {
    let reporter = Reporter::new(job, node.name.clone());
    let patch = JobPatch { status: Some(status), message: Some(message), ..reporter.patch() };
    let item = reporter.addressed(patch);
    recorded(job.id, node.journal.record(vec![Parcel { to, earlier: Vec::new(), item }]));
    node.courier.notify_one();
}

fn recorded<E: Display>(id: JobId, done: Result<(), E>) {
    if let Err(error) = done {
        // Without the journal a restart repeats the attempt; as long as we live, nothing is lost.
        error!(%error, job.id = %id, "could not write down the outcome of job {id}");
    }
    Step::Recorded.pass();
}
