//! Hands submitted jobs to digester services. The user's request never waits for it.

mod client;

pub(crate) use client::Client;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use edge::Backoff;
use futures_util::{StreamExt as _, stream, stream::FuturesUnordered};
use schema::{DigestConfig, DigestRequest, Held, Job, JobId, Key, Kind, NewJob, NodeId};
use tokio::time::Instant;
use tracing::{info, warn};
use uuid::Uuid;

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
    let longest = Duration::from_secs(app.config.forward.max_backoff_seconds);
    let mut forwarder = Forwarder { app, callback, turn: 0, passed_over: None, longest };
    let mut backoff = Backoff::new(longest);
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
    /// Jobs were handed over, or passed over; there may be more.
    Moved,
    /// Nobody takes any.
    Refused { retry_after: Option<Duration> },
}

/// Whether a digester service has answered for every job it was offered.
enum Offered {
    All,
    /// It is full or away.
    Blocked {
        retry_after: Option<Duration>,
    },
}

struct Forwarder {
    app: App,
    callback: String,
    /// Which digester service comes first this time.
    turn: usize,
    /// Up to which job those who could be asked want none of what waits, and until when they are
    /// not asked again. Without it, jobs that nobody serves would keep the others from their turn.
    passed_over: Option<(JobId, Instant)>,
    longest: Duration,
}

impl Forwarder {
    async fn pass(&mut self, digesters: &[String]) -> Pass {
        let batch = i64::from(self.app.config.forward.batch);
        let after = self.after();
        let mut waiting = match store::job::to_forward(&self.app.db, after, batch).await {
            Ok(waiting) => waiting,
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "could not look for waiting jobs");
                return Pass::Refused { retry_after: None };
            }
        };
        let Some(last) = waiting.last().map(|job| JobId(job.id)) else { return Pass::Idle };
        if digesters.is_empty() {
            return Pass::Idle;
        }
        self.turn = self.turn.wrapping_add(1);
        let count = waiting.len();
        let mut asked = false;
        let mut soonest = None;
        for step in 0..digesters.len() {
            let digester = &digesters[(self.turn + step) % digesters.len()];
            match self.offer(digester, &mut waiting).await {
                Ok(Offered::All) => asked = true,
                Ok(Offered::Blocked { retry_after }) => soonest = retry_after.or(soonest),
                Err(error) => {
                    // They are offered again, which is harmless.
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "could not note that {digester} has taken jobs");
                    return Pass::Refused { retry_after: None };
                }
            }
        }
        if asked && !waiting.is_empty() {
            let until = self.passed_over.map_or(Instant::now() + self.longest, |(_, until)| until);
            self.passed_over = Some((last, until));
        }
        if asked || waiting.len() < count {
            Pass::Moved
        } else {
            Pass::Refused { retry_after: soonest }
        }
    }

    /// After which job to look for what waits.
    fn after(&mut self) -> JobId {
        self.passed_over = self.passed_over.filter(|(_, until)| *until > Instant::now());
        self.passed_over.map_or(JobId(Uuid::nil()), |(last, _)| last)
    }

    /// Offers the jobs to one digester service; those that it does not take are left.
    async fn offer(&self, digester: &str, waiting: &mut Vec<ToForward>) -> sqlx::Result<Offered> {
        let blocked = AtomicBool::new(false);
        let requests: Vec<_> =
            waiting.iter().map(|job| self.hand_over(digester, job, &blocked)).collect();
        let handovers: Vec<_> = stream::iter(requests).buffered(CONCURRENT).collect().await;
        let mut left = Vec::new();
        let mut taken = BTreeMap::<NodeId, Vec<_>>::new();
        let mut longest = None;
        for (job, handover) in waiting.drain(..).zip(handovers) {
            match handover {
                Handover::Taken(node) => {
                    taken.entry(node).or_default().push((JobId(job.id), job.attempt));
                    continue;
                }
                Handover::Full { retry_after } => longest = longest.max(Some(retry_after)),
                Handover::Away | Handover::Unwanted => {}
            }
            left.push(job);
        }
        *waiting = left;
        for (node, jobs) in taken {
            store::job::forwarded(&self.app.db, &jobs, &node).await?;
            info!(node = %node, jobs = jobs.len(), "handed {} jobs to {node}", jobs.len());
        }
        Ok(match blocked.into_inner() {
            true => Offered::Blocked { retry_after: longest },
            false => Offered::All,
        })
    }

    /// Hands one job over. Once the digester service is full or away, the others are kept back.
    async fn hand_over(&self, digester: &str, job: &ToForward, blocked: &AtomicBool) -> Handover {
        if blocked.load(Relaxed) {
            return Handover::Away;
        }
        let handover = match self.request(job) {
            Ok(request) => self.app.forwarder.hand_over(digester, &request).await,
            Err(error) => {
                warn!(job.id = %job.id, error = %error, "job {} cannot be read", job.id);
                Handover::Unwanted
            }
        };
        if matches!(handover, Handover::Full { .. } | Handover::Away) {
            blocked.store(true, Relaxed);
        }
        handover
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
            },
        })
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

/// What the node that has a job waiting says of it, if it answers soon.
pub(crate) async fn held(app: &App, id: JobId) -> Option<Held> {
    let digesters = app.config.forward.digesters.iter();
    let asked: FuturesUnordered<_> =
        digesters.map(|digester| app.forwarder.held(digester, id)).collect();
    asked.filter_map(std::future::ready).next().await
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
