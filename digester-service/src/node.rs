//! What every part of the service can reach.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
};

use regulator::{Shared, Strategy};
use schema::{DigestConfig, DigestRequest, JobId, JobStatus, Kind, NewJob, NodeId};
use serde_json::value::RawValue;
use tokio::{sync::Notify, task::spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::{
    attempt,
    callback::Callback,
    config::{Config, Limits},
    digester::{Digester, Needs},
    error::ApiError,
    intake::{Cancelled, Intake, Offer},
    journal::Journal,
    speaker::Speaker,
};

/// The nice value of digesting threads: whatever else the machine does comes first.
const NICE: i32 = 10;

/// The node and all it holds.
pub(crate) struct Node {
    pub(crate) name: NodeId,
    pub(crate) limits: Limits,
    pub(crate) digesters: HashMap<Kind, Arc<dyn Digester>>,
    pub(crate) intake: Intake,
    pub(crate) regulator: Arc<Shared>,
    /// The strategy that the configuration asks for.
    pub(crate) configured: Strategy,
    /// Where the journal and the strategy are kept.
    pub(crate) state: PathBuf,
    pub(crate) journal: Journal,
    pub(crate) callback: Callback,
    pub(crate) speaker: Speaker,
    /// Further targets that a job may name.
    pub(crate) allowed_callbacks: Vec<String>,
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
        digesters: HashMap<Kind, Arc<dyn Digester>>,
        regulator: Arc<Shared>,
        journal: Journal,
        runner: Arc<Notify>,
        stopping: CancellationToken,
    ) -> Self {
        let callback = Callback::new(&config.callback, config.token);
        Self {
            name: config.node.clone(),
            limits: config.limits,
            digesters,
            intake: Intake::new(Arc::clone(&regulator), config.limits, config.node),
            regulator,
            configured: config.regulator,
            state: config.state,
            journal,
            speaker: Speaker::new(callback.clone()),
            callback,
            allowed_callbacks: config.allowed_callbacks,
            runner,
            courier: Notify::new(),
            stopping,
        }
    }

    /// Takes a job in; `Ok(true)` if the node had it already.
    ///
    /// A job that the web service does not know yet is announced first: once this returns, it is
    /// with the web service, and no crash of the node can lose it.
    pub(crate) async fn take(&self, request: DigestRequest) -> Result<bool, ApiError> {
        let DigestRequest { mut job, config } = request;
        self.check(&job, &config)?;
        if self.has(job.id) {
            return Ok(true);
        }
        if !config.known {
            job.attempt = self.announce(&job, &config).await?;
        }
        self.offer(job, config).await
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
        if !self.digesters.contains_key(&job.kind) {
            let known: Vec<_> = self.digesters.keys().map(Kind::as_str).collect();
            return Err(ApiError::UnknownKind { kind: job.kind.clone(), known: known.join(", ") });
        }
        match &config.callback {
            Some(target) if !self.allows(target) => Err(ApiError::ForeignCallback {
                target: target.clone(),
                allowed: self.callback.base().to_owned(),
            }),
            _ => Ok(()),
        }
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
        let id = job.id;
        let (Some(digester), Some(instruction)) =
            (self.digesters.get(&job.kind), job.instruction.as_ref())
        else {
            return Err(ApiError::InstructionMissing(id));
        };
        // It may look at the disk: not on a thread that others wait for.
        let (digester, instruction) = (Arc::clone(digester), instruction.clone());
        let needs = spawn_blocking(move || needs_caught(&*digester, &instruction)).await;
        // Only a runtime that ends gives up what it was asked to do.
        let needs = needs.map_err(|_| ApiError::Stopping)?;
        // After the wait: what ended meanwhile is in the journal.
        if self.journal.has(id) {
            return Ok(true);
        }
        let (told, to) = (without_instruction(&job), self.callback_for(&config).base().to_owned());
        let needs = match needs {
            Ok(needs) => needs,
            Err(why) => {
                attempt::end_unstarted(self, to, &told, JobStatus::Failed, why.clone());
                return Err(ApiError::NeverFits { id, why });
            }
        };
        match self.intake.offer(job, config, needs) {
            Offer::Taken => {
                self.runner.notify_one();
                Ok(false)
            }
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
                let to = self.callback_for(&config).base().to_owned();
                let message = "cancelled while it waited".to_owned();
                attempt::end_unstarted(self, to, &job, JobStatus::Cancelled, message);
                true
            }
            Cancelled::Stopping => true,
            Cancelled::Unknown => false,
        }
    }

    /// The web service that is to hear of a job.
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
        instruction: None,
    }
}

/// What the attempt will take; a digester that panics over the instruction fails the job, and not
/// the replay that offers it.
fn needs_caught(digester: &dyn Digester, instruction: &RawValue) -> Result<Needs, String> {
    catch_unwind(AssertUnwindSafe(|| digester.needs(instruction))).map_err(|panic| {
        let message = edge::panic_text(&*panic);
        tracing::error!(panic = message, "the digester panicked over an instruction");
        format!("the digester panicked: {message}")
    })
}

/// Lets everything else on the machine go before the calling thread.
pub(crate) fn lower_priority() {
    // On Linux the calling thread alone is meant. Not being allowed to is no reason to stop.
    let _ = rustix::process::nice(NICE);
}
