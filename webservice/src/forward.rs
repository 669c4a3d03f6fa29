//! Hands submitted jobs to digester services. The user's request never waits for it.

mod ask;
mod client;
mod fresh;
mod handed;
mod offer;
mod promised;
mod targets;

pub(crate) use ask::{cancel, download, held, preview};
pub(crate) use client::{Client, Unanswered};
pub(crate) use fresh::Fresh;

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use edge::{Pace, Step};
use futures_util::FutureExt as _;
use schema::{JobId, NodeId};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};
use uuid::Uuid;

use self::{
    client::Fate,
    fresh::Kept,
    handed::Handed,
    offer::{Offer, Offered},
    targets::Targets,
};
use crate::{
    app::App,
    store::{self, job::ToForward},
};

/// How many requests are under way at once.
const CONCURRENT: usize = 8;
/// The shortest time from a pass that finds many to the next.
const EVERY: Duration = Duration::from_millis(20);
/// How old what is known of the nodes may be.
const LOOK_AROUND: Duration = Duration::from_millis(250);
/// How many bytes of instructions are looked at in one pass, as they are stored.
const MAX_BYTES: i64 = 16 << 20;

/// Hands over what waits, until told to stop.
pub(crate) async fn run(app: App, callback: String) {
    let longest = Duration::from_secs(app.config.forward.max_backoff_seconds);
    let targets = Targets::new(&app.config.forward.digesters, longest);
    let mut forwarder = Forwarder {
        app,
        callback,
        targets,
        handed: Handed::default(),
        knows_all: None,
        looked_up: HashSet::new(),
        passed_over: None,
        longest,
        looked_around: None,
    };
    let mut pace = Pace::new(EVERY);
    while !forwarder.app.shutdown.is_cancelled() {
        pace.keep().await;
        let pass = forwarder.pass(&mut pace).await.unwrap_or_else(|error| {
            // What was handed over and not noted is offered again, which is harmless.
            warn!(error = &error as &dyn std::error::Error, "could not hand jobs over");
            Pass::Waits { until: Instant::now() + forwarder.poll() }
        });
        match pass {
            Pass::Idle => forwarder.until(forwarder.looks_again()).await,
            Pass::Moved => {}
            Pass::Waits { until } => forwarder.until(until).await,
        }
    }
    if let Err(error) = forwarder.note().await {
        warn!(error = &error as &dyn std::error::Error, "could not note who has which job");
    }
}

/// What one pass over the waiting jobs came to.
enum Pass {
    /// Nothing waits.
    Idle,
    /// Jobs were handed over, or passed over; there may be more.
    Moved,
    /// Nobody takes any before then.
    Waits { until: Instant },
}

struct Forwarder {
    app: App,
    callback: String,
    targets: Targets,
    /// What nodes have been handed lately.
    handed: Handed,
    /// Until when nothing is taken to wait but what is fresh.
    knows_all: Option<Instant>,
    /// What was looked up last: word of it may come later.
    looked_up: HashSet<Uuid>,
    /// Up to which job those who could be asked want none of what waits, and until when they are
    /// not asked again. Without it, jobs that nobody serves would keep the others from their turn.
    passed_over: Option<(JobId, Instant)>,
    longest: Duration,
    looked_around: Option<Instant>,
}

impl Forwarder {
    async fn pass(&mut self, pace: &mut Pace) -> sqlx::Result<Pass> {
        if let Some(nodes) = self.app.news.next_nodes().now_or_never() {
            self.came(&nodes);
        }
        if self.handed.is_due(Instant::now()) {
            self.note().await?;
        }
        self.look_around().await?;
        let now = Instant::now();
        if !self.targets.any_open(now) {
            self.forget_fresh();
            return Ok(Pass::Waits { until: self.reopens(now) });
        }
        let waiting = self.waiting().await?;
        pace.gathered(waiting.len());
        let Some(last) = waiting.last().map(|job| JobId(job.id)) else {
            self.targets.rest();
            return Ok(Pass::Idle);
        };
        if self.offer(waiting, now).await > 0 {
            let until = self.passed_over.map_or_else(|| self.reopens(now), |(_, until)| until);
            self.passed_over = Some((last, until));
            self.knows_all = None;
        }
        Ok(Pass::Moved)
    }

    /// What waits, oldest first: what is fresh, and whatever else there is once in a while.
    async fn waiting(&mut self) -> sqlx::Result<Vec<ToForward>> {
        let Kept { mut jobs, others, .. } = self.app.news.fresh.take();
        jobs.retain(|job| !self.looked_up.contains(&job.id));
        if others || self.knows_all.is_none_or(|until| until <= Instant::now()) {
            let found = self.look_up(&jobs).await?;
            jobs.extend(found);
        }
        jobs.sort_unstable_by_key(|job| job.id);
        Ok(jobs)
    }

    /// What waits beside these.
    async fn look_up(&mut self, fresh: &[ToForward]) -> sqlx::Result<Vec<ToForward>> {
        self.knows_all = None;
        let now = Instant::now();
        let after = self.after();
        let known: Vec<_> = self.handed.jobs().chain(fresh.iter().map(|job| job.id)).collect();
        let limit = i64::from(self.app.config.forward.batch) * CONCURRENT as i64;
        let db = &self.app.batches;
        let found = store::job::to_forward(db, after, &known, limit, MAX_BYTES).await?;
        // What was passed over is asked about again, too.
        match found.is_empty() {
            true if self.passed_over.is_none() => self.knows_all = Some(now + self.poll()),
            true => {}
            false => self.looked_up = found.iter().map(|job| job.id).collect(),
        }
        Ok(found)
    }

    /// Until somebody takes jobs in again, much may become of what is fresh now.
    fn forget_fresh(&mut self) {
        drop(self.app.news.fresh.take());
        self.knows_all = None;
    }

    /// Asks who takes jobs in, unless that was asked a moment ago.
    async fn look_around(&mut self) -> sqlx::Result<()> {
        if self.looked_around.is_some_and(|last| last.elapsed() < LOOK_AROUND) {
            return Ok(());
        }
        let nodes = store::node::list(&self.app.db, None).await?;
        let before: HashSet<_> = self.targets.addresses().into_iter().map(str::to_owned).collect();
        self.targets.refresh(&nodes);
        if self.targets.addresses().iter().any(|address| !before.contains(*address)) {
            self.passed_over = None;
        }
        self.looked_around = Some(Instant::now());
        Ok(())
    }

    /// After which job to look for what waits.
    fn after(&mut self) -> JobId {
        self.passed_over = self.passed_over.filter(|(_, until)| *until > Instant::now());
        self.passed_over.map_or(JobId(Uuid::nil()), |(last, _)| last)
    }

    /// When somebody may take what nobody takes now.
    fn reopens(&self, now: Instant) -> Instant {
        self.targets.reopens(now).unwrap_or(now + self.longest)
    }

    /// Offers the jobs to those who were open then, until nobody is left to be asked; returns how
    /// many nobody took.
    async fn offer(&mut self, waiting: Vec<ToForward>, then: Instant) -> usize {
        let (app, callback) = (self.app.clone(), self.callback.clone());
        let mut offer = Offer::new(waiting, &callback, &app.config.forward);
        loop {
            let assigned = offer.assign(&self.targets, then);
            if assigned.is_empty() {
                return offer.left();
            }
            let offered = offer.make_all(&app.forwarder, &self.targets, assigned).await;
            self.take_note(&mut offer, offered);
        }
    }

    fn take_note(&mut self, offer: &mut Offer<'_>, all: Vec<Offered>) {
        let now = Instant::now();
        let mut taken = Vec::new();
        for Offered { at, fates, closed } in all {
            let before = taken.len();
            for (job, fate) in fates {
                match fate {
                    Fate::Taken(node) => taken.push(offer.taken(job, node)),
                    Fate::Unwanted => offer.refused(job, at),
                    Fate::Left => {}
                }
            }
            let target = self.targets.get_mut(at);
            target.took(taken.len() - before);
            target.answered(closed, now);
        }
        if taken.is_empty() {
            return;
        }
        Step::HandedOver.pass();
        self.app.metrics.handed_over.inc_by(taken.len() as u64);
        info!(jobs = taken.len(), "handed {} jobs over", taken.len());
        self.handed.add(taken, now);
    }

    /// Notes who has which job.
    async fn note(&mut self) -> sqlx::Result<()> {
        store::job::forwarded(&self.app.batches, self.handed.all()).await?;
        let noted = self.handed.all().iter().map(|(job, _, node)| (node, *job));
        self.app.forwarder.promised.noted(noted);
        Step::Noted.pass();
        self.handed = Handed::default();
        Ok(())
    }

    /// A node that begins anew does not know what it was handed before, and does not find it by
    /// replay as long as that is not noted.
    fn came(&mut self, nodes: &BTreeSet<NodeId>) {
        self.handed.forget(nodes);
        self.knows_all = None;
        self.looked_around = None;
    }

    /// When to look for what waits although nobody told of it.
    fn looks_again(&self) -> Instant {
        self.knows_all.unwrap_or_else(|| Instant::now() + self.poll())
    }

    fn poll(&self) -> Duration {
        Duration::from_secs(self.app.config.forward.poll_seconds)
    }

    /// Waits until then, or until there is news.
    async fn until(&mut self, then: Instant) {
        let then = self.handed.due().map_or(then, |due| due.min(then));
        tokio::select! {
            nodes = self.app.news.next_nodes() => self.came(&nodes),
            () = self.app.news.next_submitted() => {}
            () = sleep_until(then) => {}
            () = self.app.shutdown.cancelled() => {}
        }
    }
}
