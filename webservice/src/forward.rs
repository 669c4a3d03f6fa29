//! Hands submitted jobs to digester services. The user's request never waits for it.

mod client;

pub(crate) use client::Client;

use std::time::Duration;

use edge::Backoff;
use futures_util::{StreamExt as _, stream};
use schema::{DigestConfig, DigestRequest, Job, JobId, Key, Kind, NewJob, NodeId};
use tracing::{info, warn};

use self::client::Handover;
use crate::{
    app::App,
    store::{self, job::ToForward},
};

/// How many hand-overs are under way at once.
const CONCURRENT: usize = 8;

/// Hands over what waits, until told to stop.
pub(crate) async fn run(app: App, callback: String) {
    let digesters = app.config.forward.digesters.clone();
    if digesters.is_empty() {
        warn!("no digester service is configured: jobs will stay submitted");
    }
    let mut forwarder = Forwarder { app, callback, turn: 0 };
    let mut backoff =
        Backoff::new(Duration::from_secs(forwarder.app.config.forward.max_backoff_seconds));
    while !forwarder.app.shutdown.is_cancelled() {
        let pause = match forwarder.pass(&digesters).await {
            Pass::Idle => {
                backoff.reset();
                forwarder.until_wanted().await;
                continue;
            }
            Pass::Moved => {
                backoff.reset();
                continue;
            }
            Pass::Refused { retry_after } => backoff.pause(retry_after),
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = forwarder.app.shutdown.cancelled() => {}
        }
    }
}

/// What one pass over the waiting jobs came to.
enum Pass {
    /// Nothing waits.
    Idle,
    /// Jobs were handed over; there may be more.
    Moved,
    /// Nobody took them.
    Refused { retry_after: Option<Duration> },
}

struct Forwarder {
    app: App,
    callback: String,
    /// Which digester service comes first this time.
    turn: usize,
}

impl Forwarder {
    async fn pass(&mut self, digesters: &[String]) -> Pass {
        let batch = i64::from(self.app.config.forward.batch);
        let waiting = match store::job::to_forward(&self.app.db, batch).await {
            Ok(waiting) => waiting,
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "could not look for waiting jobs");
                return Pass::Refused { retry_after: None };
            }
        };
        if waiting.is_empty() || digesters.is_empty() {
            return Pass::Idle;
        }
        self.turn = self.turn.wrapping_add(1);
        let mut last = Pass::Refused { retry_after: None };
        for step in 0..digesters.len() {
            let digester = &digesters[(self.turn + step) % digesters.len()];
            last = self.offer(digester, &waiting).await;
            if matches!(last, Pass::Moved) {
                break;
            }
        }
        last
    }

    /// Offers the jobs to one digester service.
    async fn offer(&self, digester: &str, waiting: &[ToForward]) -> Pass {
        let requests: Vec<_> = waiting.iter().map(|job| self.hand_over(digester, job)).collect();
        let handovers: Vec<_> = stream::iter(requests).buffered(CONCURRENT).collect().await;
        let mut taken = Vec::new();
        let mut node = None;
        let mut retry_after = None;
        for (id, handover) in handovers {
            match handover {
                Handover::Taken(by) => {
                    taken.push(id);
                    node = Some(by);
                }
                Handover::Full { retry_after: after } => retry_after = retry_after.max(Some(after)),
                Handover::Failed => {}
            }
        }
        match node {
            Some(node) => self.note(&taken, &node).await,
            None => Pass::Refused { retry_after },
        }
    }

    async fn hand_over(&self, digester: &str, job: &ToForward) -> (JobId, Handover) {
        let handover = match self.request(job) {
            Ok(request) => self.app.forwarder.hand_over(digester, &request).await,
            Err(error) => {
                warn!(job.id = %job.id, error = %error, "job {} cannot be read", job.id);
                Handover::Failed
            }
        };
        (JobId(job.id), handover)
    }

    fn request(&self, job: &ToForward) -> anyhow::Result<DigestRequest> {
        let config = &self.app.config.forward;
        Ok(DigestRequest {
            job: NewJob {
                id: JobId(job.id),
                key: Key::new(job.key.clone())?,
                kind: Kind::new(job.kind.clone())?,
                tenant: job.tenant.clone(),
                submitted_by: job.submitted_by.clone(),
                attempt: job.attempt.unsigned_abs(),
                node: None,
                instruction: Some(serde_json::from_str(&job.body)?),
            },
            config: DigestConfig {
                callback: Some(self.callback.clone()),
                known: true,
                deadline_seconds: config.deadline_seconds,
                max_attempts: Some(config.max_attempts),
            },
        })
    }

    /// Notes who has them. If that fails they are offered again, which is harmless.
    async fn note(&self, taken: &[JobId], node: &NodeId) -> Pass {
        match store::job::forwarded(&self.app.db, taken, node).await {
            Ok(()) => {
                info!(node = %node, jobs = taken.len(), "handed {} jobs to {node}", taken.len());
                Pass::Moved
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "could not note that {node} has taken jobs");
                Pass::Refused { retry_after: None }
            }
        }
    }

    async fn until_wanted(&self) {
        let poll = Duration::from_secs(self.app.config.forward.poll_seconds);
        tokio::select! {
            () = self.app.news.next_submitted() => {}
            () = tokio::time::sleep(poll) => {}
            () = self.app.shutdown.cancelled() => {}
        }
    }
}

/// Tells the digester services that a job is to end. Best effort: the answer to the job's next
/// patch says the same.
pub(crate) fn cancel(app: &App, job: &Job) {
    let (app, id) = (app.clone(), job.id);
    tokio::spawn(async move {
        for digester in &app.config.forward.digesters {
            app.forwarder.cancel(digester, id).await;
        }
    });
}
