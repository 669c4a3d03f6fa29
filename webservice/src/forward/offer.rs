//! Jobs on offer: who is asked for which, in how many requests, and what they say.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use futures_util::{StreamExt as _, future::join_all, stream};
use schema::{DigestConfig, DigestRequest, JobId, Key, Kind, NewJob, NodeId};
use tokio::time::{Instant, timeout};
use tracing::warn;

use super::{
    CONCURRENT,
    client::{Client, Closed, Fate},
    promised::Promise,
    targets::{Target, Targets},
};
use crate::{config::ForwardConfig, store::job::ToForward};

/// How long a target may keep the others waiting: then it is taken to be away. What it takes in even
/// so is offered to others, too, and whoever claims it first has it.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many bytes of instructions go into one request.
const MAX_REQUEST_BYTES: usize = 4 << 20;

/// Jobs that somebody may take.
pub(super) struct Offer<'a> {
    jobs: Vec<OnOffer>,
    callback: &'a str,
    config: &'a ForwardConfig,
}

struct OnOffer {
    job: ToForward,
    taken: bool,
    /// Which targets were asked in vain.
    refused_by: Vec<usize>,
}

/// What one target said.
pub(super) struct Offered {
    pub(super) at: usize,
    /// What became of the jobs it was asked to take.
    pub(super) fates: Vec<(usize, Fate)>,
    pub(super) closed: Option<Closed>,
}

impl<'a> Offer<'a> {
    pub(super) fn new(jobs: Vec<ToForward>, callback: &'a str, config: &'a ForwardConfig) -> Self {
        let on_offer = |job| OnOffer { job, taken: false, refused_by: Vec::new() };
        Self { jobs: jobs.into_iter().map(on_offer).collect(), callback, config }
    }

    /// Which target is to be asked for which jobs; nobody if all are taken, or nobody is left.
    pub(super) fn assign(&self, targets: &Targets, then: Instant) -> Vec<(usize, Vec<usize>)> {
        let free = self.jobs.iter().enumerate().filter(|(_, on_offer)| !on_offer.taken);
        let kinds = free.map(|(at, on_offer)| (at, on_offer.job.kind.as_str()));
        let refused = |job: usize, target: usize| self.jobs[job].refused_by.contains(&target);
        let assigned = targets.assign(kinds, refused, then);
        assigned.into_iter().enumerate().filter(|(_, jobs)| !jobs.is_empty()).collect()
    }

    /// How many are not taken.
    pub(super) fn left(&self) -> usize {
        self.jobs.iter().filter(|on_offer| !on_offer.taken).count()
    }

    /// A node has the job; which one, and after which attempt, is to be noted.
    pub(super) fn taken(&mut self, job: usize, node: NodeId) -> (JobId, i32, NodeId) {
        let on_offer = &mut self.jobs[job];
        on_offer.taken = true;
        (JobId(on_offer.job.id), on_offer.job.attempt, node)
    }

    /// A target does not want the job.
    pub(super) fn refused(&mut self, job: usize, target: usize) {
        self.jobs[job].refused_by.push(target);
    }

    /// Asks all these targets at once.
    pub(super) async fn make_all(
        &self,
        client: &Client,
        targets: &Targets,
        assigned: Vec<(usize, Vec<usize>)>,
    ) -> Vec<Offered> {
        let alone = targets.addresses().len() == 1;
        let asked = assigned.into_iter().map(|(at, jobs)| async move {
            let made = self.make(client, targets.get(at), at, jobs);
            if alone {
                return made.await;
            }
            let away = Offered { at, fates: Vec::new(), closed: Some(Closed::Away) };
            timeout(PATIENCE, made).await.unwrap_or(away)
        });
        join_all(asked).await
    }

    /// Asks one target for these jobs.
    async fn make(&self, client: &Client, target: &Target, at: usize, jobs: Vec<usize>) -> Offered {
        let mut fates = Vec::with_capacity(jobs.len());
        let mut requests = Vec::with_capacity(jobs.len());
        for job in jobs {
            match self.request(job, target) {
                Ok(request) => requests.push((job, request)),
                Err(error) => {
                    let id = self.jobs[job].job.id;
                    warn!(job.id = %id, error = %error, "job {id} cannot be read");
                    fates.push((job, Fate::Unwanted));
                }
            }
        }
        let pieces = match target.takes_many() {
            true => self.pieces(requests),
            false => requests.into_iter().map(|request| vec![request]).collect(),
        };
        let name = client.peers.name_at(&target.address);
        let on_offer = pieces.iter().flatten().map(|(_, request)| request.job.id);
        let mut promise = name.map(|name| client.promised.offer(name, on_offer));
        let closed = AtomicBool::new(false);
        let asked: Vec<_> =
            pieces.iter().map(|piece| ask(client, target, piece, &closed)).collect();
        let answers: Vec<_> = stream::iter(asked).buffered(CONCURRENT).collect().await;
        let mut why = None;
        for (piece, (mut said, closed)) in pieces.iter().zip(answers) {
            if let (Some(name), Some(promise)) = (name, &mut promise) {
                let jobs = piece.iter().map(|(_, request)| request.job.id);
                keep_promise(name, promise, jobs.zip(&mut said));
            }
            fates.extend(piece.iter().map(|(job, _)| *job).zip(said));
            why = closed.or(why);
        }
        Offered { at, fates, closed: why }
    }

    /// Cuts requests into pieces that are neither too many nor too large at once.
    fn pieces(&self, requests: Vec<(usize, DigestRequest)>) -> Vec<Vec<(usize, DigestRequest)>> {
        let most = self.config.batch.max(1) as usize;
        let mut pieces: Vec<Vec<_>> = Vec::new();
        let mut bytes = 0;
        for request in requests {
            let size = self.jobs[request.0].job.body.len();
            match pieces.last_mut() {
                Some(piece) if piece.len() < most && bytes + size <= MAX_REQUEST_BYTES => {
                    bytes += size;
                    piece.push(request);
                }
                _ => {
                    bytes = size;
                    pieces.push(vec![request]);
                }
            }
        }
        pieces
    }

    fn request(&self, at: usize, target: &Target) -> anyhow::Result<DigestRequest> {
        let job = &self.jobs[at].job;
        // Who never makes itself known may be too old to know of traces.
        let trace = job.traceparent.as_deref().filter(|_| target.takes_many());
        Ok(DigestRequest {
            job: NewJob {
                id: JobId(job.id),
                key: Key::new(job.key.clone())?,
                kind: Kind::new(job.kind.clone())?,
                tenant: job.tenant.clone(),
                submitted_by: job.submitted_by.clone(),
                attempt: job.attempt.unsigned_abs(),
                node: None,
                traceparent: trace.map(str::parse).transpose()?,
                instruction: Some(serde_json::from_str(&job.body)?),
            },
            config: DigestConfig {
                callback: Some(self.callback.to_owned()),
                known: true,
                deadline_seconds: self.config.deadline_seconds,
            },
        })
    }
}

/// What a node with keys has taken is promised to it, whatever name it says.
fn keep_promise<'a>(
    name: &NodeId,
    promise: &mut Promise<'_>,
    said: impl Iterator<Item = (JobId, &'a mut Fate)>,
) {
    for (job, fate) in said {
        if let Fate::Taken(node) = fate {
            node.clone_from(name);
            promise.taken(job);
        }
    }
}

/// Sends one piece. Once the target is full or away, the others are kept back.
async fn ask(
    client: &Client,
    target: &Target,
    piece: &[(usize, DigestRequest)],
    closed: &AtomicBool,
) -> (Vec<Fate>, Option<Closed>) {
    if closed.load(Relaxed) {
        return (vec![Fate::Left; piece.len()], None);
    }
    let said = match piece {
        [(_, request)] if !target.takes_many() => {
            client.hand_over(&target.address, request).await.map(|fate| (vec![fate], None))
        }
        piece => {
            let requests: Vec<_> = piece.iter().map(|(_, request)| request).collect();
            client.hand_over_all(&target.address, &requests).await
        }
    };
    let (fates, why) = said.unwrap_or_else(|why| (vec![Fate::Left; piece.len()], Some(why)));
    if why.is_some() {
        closed.store(true, Relaxed);
    }
    (fates, why)
}
