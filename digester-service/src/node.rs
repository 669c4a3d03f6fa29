//! What every part of the service can reach.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
};

use edge::{Calls, Credentials, Step, Tls};
use regulator::{Shared, Strategy};
use schema::{Attempt, DigestConfig, DigestRequest, JobId, JobStatus, Kind, NewJob, NodeId};
use tokio::{
    sync::{Notify, Semaphore},
    task::spawn_blocking,
};
use tokio_util::sync::CancellationToken;

use crate::{
    apart::Apart,
    attempt,
    callback::Callback,
    config::{Config, Limits},
    digester::{Digester, Needs},
    download,
    error::ApiError,
    intake::{Cancelled, Intake, Offer},
    journal::Journal,
    lease::Lease,
    metrics::Metrics,
    preview,
    quota::Scratch,
    recorder::{Recorder, Recording},
    speaker::Speaker,
    threads::Threads,
};

/// Who executes what.
pub(crate) type Digesters = HashMap<Kind, Arc<dyn Digester>>;

/// How others come in, and how they are called.
pub(crate) struct Doors {
    pub(crate) tls: Option<Tls>,
    pub(crate) calls: Calls,
    pub(crate) credentials: Credentials,
}

/// The node and all it holds.
pub(crate) struct Node {
    pub(crate) name: NodeId,
    pub(crate) limits: Limits,
    pub(crate) digesters: Arc<Digesters>,
    pub(crate) intake: Intake,
    pub(crate) threads: Threads,
    pub(crate) regulator: Arc<Shared>,
    /// The strategy that the configuration asks for.
    pub(crate) configured: Strategy,
    /// Where the journal and the strategy are kept.
    pub(crate) state: PathBuf,
    pub(crate) journal: Arc<Journal>,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    pub(crate) callback: Callback,
    pub(crate) speaker: Speaker,
    /// How long what is held for that web service is this node's own.
    pub(crate) lease: Arc<Lease>,
    /// Further targets that a job may name.
    pub(crate) allowed_callbacks: Vec<String>,
    /// Room for looks at instructions.
    pub(crate) previews: Arc<Semaphore>,
    /// Where digests may read and write, and from where their files are sent; none: anywhere.
    pub(crate) roots: Vec<PathBuf>,
    /// What digests hold of the disk.
    pub(crate) scratch: Arc<Scratch>,
    /// Where digests run, if that is not here.
    pub(crate) apart: Option<Arc<Apart>>,
    /// Room for files on their way out.
    pub(crate) downloads: Arc<Semaphore>,
    /// Something may start.
    pub(crate) runner: Arc<Notify>,
    /// Something is to be delivered.
    pub(crate) courier: Notify,
    /// The service is to end: nothing new is taken in or started.
    pub(crate) stopping: CancellationToken,
}

impl Node {
    pub(crate) fn new(
        config: Config,
        doors: Doors,
        digesters: Digesters,
        regulator: Arc<Shared>,
        journal: Arc<Journal>,
        runner: Arc<Notify>,
        stopping: CancellationToken,
    ) -> Self {
        let callback = Callback::new(&config.callback, doors.calls, doors.credentials);
        let scratch = Scratch::new(config.quota);
        let metrics =
            Metrics::new(callback.failures.clone(), scratch.refusals.clone(), doors.tls.as_ref());
        Self {
            name: config.node.clone(),
            limits: config.limits,
            digesters: Arc::new(digesters),
            intake: Intake::new(Arc::clone(&regulator), config.limits, config.node),
            regulator,
            configured: config.regulator,
            state: config.state,
            recorder: Recording::in_batches(Arc::clone(&journal)),
            journal,
            metrics,
            speaker: Speaker::default(),
            threads: Threads::default(),
            callback,
            lease: Arc::new(Lease::new()),
            allowed_callbacks: config.allowed_callbacks,
            previews: preview::room(),
            roots: config.roots,
            scratch: Arc::new(scratch),
            apart: None,
            downloads: download::room(),
            runner,
            courier: Notify::new(),
            stopping,
        }
    }

    /// Has digests run there, if anywhere else than here.
    pub(crate) fn digesting(self, apart: Option<Apart>) -> Self {
        Self { apart: apart.map(Arc::new), ..self }
    }

    /// Takes a job in; `Ok(true)` if the node had it already.
    ///
    /// A job that the web service does not know yet is announced first: once this returns, it is
    /// with the web service, and no crash of the node can lose it.
    pub(crate) async fn take(&self, request: DigestRequest) -> Result<bool, ApiError> {
        match self.prepare(request).await? {
            Some((job, config)) => self.offer(job, config).await,
            None => Ok(true),
        }
    }

    /// Takes many jobs in, in their order; one answer each.
    pub(crate) async fn take_all(
        &self,
        requests: Vec<DigestRequest>,
    ) -> Vec<(JobId, Result<bool, ApiError>)> {
        let (mut early, mut offers) = (Vec::with_capacity(requests.len()), Vec::new());
        for request in requests {
            let id = request.job.id;
            early.push(match self.prepare(request).await {
                Ok(Some(offer)) => {
                    offers.push(offer);
                    (id, None)
                }
                Ok(None) => (id, Some(Ok(true))),
                Err(error) => (id, Some(Err(error))),
            });
        }
        let mut offered = self.offer_all(offers).await.into_iter();
        let mut answer = |early: Option<_>| early.or_else(|| offered.next());
        let answers = early.into_iter().map(|(id, early)| (id, answer(early)));
        answers.map(|(id, answer)| (id, answer.unwrap_or(Err(ApiError::Stopping)))).collect()
    }

    /// The job as it is to be offered; none if the node has it.
    async fn prepare(
        &self,
        request: DigestRequest,
    ) -> Result<Option<(NewJob, DigestConfig)>, ApiError> {
        let DigestRequest { mut job, config } = request;
        self.check(&job, &config)?;
        if self.has(job.id) {
            return Ok(None);
        }
        if !config.known {
            job.attempt = self.announce(&job, &config).await?;
        }
        Ok(Some((job, config)))
    }

    /// Whether the job is held, or its end is still to be reported.
    pub(crate) fn has(&self, id: JobId) -> bool {
        // In this order: an outcome is in the journal before its job is let go.
        self.intake.holds(id) || self.journal.has(id)
    }

    fn check(&self, job: &NewJob, config: &DigestConfig) -> Result<(), ApiError> {
        if self.stopping.is_cancelled() {
            return Err(ApiError::Stopping);
        }
        self.digester(&job.kind)?;
        match &config.callback {
            Some(target) if !self.allows(target) => Err(ApiError::ForeignCallback {
                target: target.clone(),
                allowed: self.callback.base().to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Who executes instructions of this kind.
    pub(crate) fn digester(&self, kind: &Kind) -> Result<&Arc<dyn Digester>, ApiError> {
        self.digesters.get(kind).ok_or_else(|| {
            let known: Vec<_> = self.digesters.keys().map(Kind::as_str).collect();
            ApiError::UnknownKind { kind: kind.clone(), known: known.join(", ") }
        })
    }

    fn allows(&self, target: &str) -> bool {
        let target = target.trim_end_matches('/');
        target == self.callback.base()
            || self.allowed_callbacks.iter().any(|allowed| allowed.trim_end_matches('/') == target)
    }

    /// Has the web service create the job, or confirm it; returns how many attempts it has had.
    async fn announce(&self, job: &NewJob, config: &DigestConfig) -> Result<u32, ApiError> {
        let announced = NewJob { node: Some(self.name.clone()), ..job.clone() };
        match self.callback_for(config).announce(&announced).await {
            Ok(Ok(job)) if job.status.is_settled() => Err(ApiError::Settled(job.id, job.status)),
            Ok(Ok(job)) => Ok(job.attempt),
            Ok(Err(refusal)) => Err(ApiError::Refused(refusal)),
            Err(away) => {
                let error = &away as &dyn std::error::Error;
                tracing::warn!(error, job.id = %job.id, "job {} cannot be announced", job.id);
                Err(ApiError::CallbackAway)
            }
        }
    }

    /// Puts a job before the regulator: the same gate for new jobs and replayed ones.
    pub(crate) async fn offer(&self, job: NewJob, config: DigestConfig) -> Result<bool, ApiError> {
        let answers = self.offer_all(vec![(job, config)]).await;
        answers.into_iter().next().unwrap_or(Err(ApiError::Stopping))
    }

    /// Puts jobs before the regulator, in their order; one answer each.
    pub(crate) async fn offer_all(
        &self,
        offers: Vec<(NewJob, DigestConfig)>,
    ) -> Vec<Result<bool, ApiError>> {
        let (count, digesters) = (offers.len(), Arc::clone(&self.digesters));
        let size_up = move |(job, config): (NewJob, DigestConfig)| {
            let needs = needs(&digesters, &job);
            (job, config, needs)
        };
        // It may look at the disk: not on a thread that others wait for.
        let sized = spawn_blocking(move || offers.into_iter().map(size_up).collect::<Vec<_>>());
        // Only a runtime that ends gives up what it was asked to do.
        let Ok(sized) = sized.await else {
            return (0..count).map(|_| Err(ApiError::Stopping)).collect();
        };
        let put = |(job, config, needs): (_, _, Result<_, _>)| self.put(job, config, needs?);
        let answers = sized.into_iter().map(put).collect();
        Step::Offered.pass();
        self.runner.notify_one();
        answers
    }

    /// Puts one job before the regulator. A digester that panicked over it has failed the job.
    fn put(
        &self,
        job: NewJob,
        config: DigestConfig,
        needs: Result<Needs, String>,
    ) -> Result<bool, ApiError> {
        let id = job.id;
        // What goes to the usual web service need not say so each time.
        let config = DigestConfig {
            callback: config.callback.filter(|target| !self.is_leased(target)),
            ..config
        };
        // After the job was sized up: what ended meanwhile is in the journal.
        if self.journal.has(id) {
            return Ok(true);
        }
        let (told, to) = (without_instruction(&job), self.base_for(&config).to_owned());
        let offer = match needs {
            Ok(needs) => self.intake.offer(job, config, needs),
            Err(why) => Offer::Never { why },
        };
        match offer {
            Offer::Taken => Ok(false),
            Offer::AlreadyHeld => Ok(true),
            Offer::Full { held } => Err(ApiError::Full { held }),
            Offer::Closed => Err(ApiError::Stopping),
            Offer::Never { why } => {
                attempt::end_unstarted(self, to, &told, JobStatus::Failed, why.clone());
                Err(ApiError::NeverFits { id, why })
            }
        }
    }

    /// Ends a job; `false` if the node does not hold it.
    pub(crate) fn cancel(&self, id: JobId) -> bool {
        match self.intake.cancel(id) {
            Cancelled::Withdrawn(withdrawn) => {
                let (job, config) = *withdrawn;
                let to = self.base_for(&config).to_owned();
                let message = "cancelled while it waited".to_owned();
                attempt::end_unstarted(self, to, &job, JobStatus::Cancelled, message);
                true
            }
            Cancelled::Stopping => true,
            Cancelled::Unknown => false,
        }
    }

    /// The attempts that the node answers for to the web service that grants its lease.
    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        let to = self.callback.base();
        // In this order: an outcome is in the journal before its job is let go.
        let mut attempts = self.intake.attempts(|config| self.base_for(config) == to);
        let journalled = self.journal.marks(to);
        attempts.extend(journalled.into_iter().map(|(id, attempt)| Attempt { id, attempt }));
        attempts.sort_unstable();
        attempts.dedup();
        attempts
    }

    /// Whether what this web service hears of is held by a lease: only one grants them.
    pub(crate) fn is_leased(&self, to: &str) -> bool {
        to == self.callback.base()
    }

    /// Returns once a job of this configuration may be claimed.
    pub(crate) async fn leased(&self, config: &DigestConfig) {
        if self.is_leased(self.base_for(config)) {
            self.lease.held().await;
        }
    }

    /// Which web service is to hear of a job.
    pub(crate) fn base_for<'a>(&'a self, config: &'a DigestConfig) -> &'a str {
        let named = config.callback.as_deref().map(|target| target.trim_end_matches('/'));
        named.unwrap_or(self.callback.base())
    }

    /// The way to it.
    pub(crate) fn callback_for(&self, config: &DigestConfig) -> Callback {
        match &config.callback {
            Some(target) => self.callback.towards(target),
            None => self.callback.clone(),
        }
    }
}

fn without_instruction(job: &NewJob) -> NewJob {
    NewJob {
        id: job.id,
        key: job.key.clone(),
        kind: job.kind.clone(),
        tenant: job.tenant.clone(),
        submitted_by: job.submitted_by.clone(),
        attempt: job.attempt,
        node: job.node.clone(),
        traceparent: job.traceparent.clone(),
        instruction: None,
    }
}

/// What an attempt at the job will take; a digester that panics over the instruction fails the job,
/// and nothing else.
fn needs(digesters: &Digesters, job: &NewJob) -> Result<Result<Needs, String>, ApiError> {
    let (Some(digester), Some(instruction)) = (digesters.get(&job.kind), &job.instruction) else {
        return Err(ApiError::InstructionMissing(job.id));
    };
    let caught = catch_unwind(AssertUnwindSafe(|| digester.needs(instruction)));
    Ok(caught.map_err(|panic| {
        let message = edge::panic_text(&*panic);
        tracing::error!(panic = message, "the digester panicked over an instruction");
        format!("the digester panicked: {message}")
    }))
}
