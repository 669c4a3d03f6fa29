//! What the service counts: see `docs/metrics.md`.

use std::{sync::atomic::AtomicU64, time::Duration};

use edge::Tls;
use jiff::Timestamp;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use schema::{JobId, JobStatus, NodeState, PatchAnswer};

use crate::{
    app::App,
    error::ApiError,
    store::{self, instruction::Acceptance},
};

type Label = [(&'static str, &'static str); 1];
type Seconds = Gauge<f64, AtomicU64>;

/// What became of a try to tell somebody of a job.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told {
    /// They took it.
    Sent,
    /// It is tried again.
    Failed,
    /// It was given up.
    Dead,
}

/// Every figure, and the list of them.
pub(crate) struct Metrics {
    pub(crate) registry: Registry,
    accepts: Family<Label, Counter>,
    settled: Family<Label, Counter>,
    waited: Histogram,
    pub(crate) handed_over: Counter,
    pub(crate) lease_lapses: Counter,
    cut_short: Counter,
    pub(crate) streams: Gauge,
    notifications: Family<Label, Counter>,
    notifications_waiting: Gauge,
    notifications_dead: Gauge,
    database: Gauge,
    unsettled: Gauge,
    unforwarded: Gauge,
    oldest: Seconds,
    nodes: Family<Label, Gauge>,
    running: Gauge,
    held: Gauge,
}

impl Metrics {
    pub(crate) fn new(tls: Option<&Tls>) -> Self {
        let mut all = Self {
            registry: Registry::with_prefix("digester"),
            accepts: Family::default(),
            settled: Family::default(),
            waited: edge::waiting_times(),
            handed_over: Counter::default(),
            lease_lapses: Counter::default(),
            cut_short: Counter::default(),
            streams: Gauge::default(),
            notifications: Family::default(),
            notifications_waiting: Gauge::default(),
            notifications_dead: Gauge::default(),
            database: Gauge::default(),
            unsettled: Gauge::default(),
            unforwarded: Gauge::default(),
            oldest: Seconds::default(),
            nodes: Family::default(),
            running: Gauge::default(),
            held: Gauge::default(),
        };
        all.register();
        if let Some(tls) = tls {
            tls.register(&mut all.registry);
        }
        all
    }

    fn register(&mut self) {
        let list = &mut self.registry;
        list.register("accepts", "Instructions handed in", self.accepts.clone());
        list.register("settled", "Jobs that came to their end", self.settled.clone());
        let help = "How long jobs waited for their first attempt";
        list.register_with_unit("wait", help, Unit::Seconds, self.waited.clone());
        list.register("handed_over", "Jobs taken by nodes", self.handed_over.clone());
        list.register("lease_lapses", "Leases that lapsed", self.lease_lapses.clone());
        list.register("cut_short", "Attempts that ended without a word", self.cut_short.clone());
        list.register("event_streams", "Histories being followed", self.streams.clone());
        let help = "Tries to tell somebody of a job";
        list.register("notifications", help, self.notifications.clone());
        let help = "Notifications that are still to be told; counted to 10000";
        list.register("waiting_notifications", help, self.notifications_waiting.clone());
        let help = "Notifications that were given up; counted to 10000";
        list.register("dead_notifications", help, self.notifications_dead.clone());
        list.register("database_up", "Whether the database answers", self.database.clone());
        let help = "Jobs that wait or run; counted to 10000";
        list.register("unsettled_jobs", help, self.unsettled.clone());
        let help = "Jobs that no node has yet; counted to 10000";
        list.register("unforwarded_jobs", help, self.unforwarded.clone());
        let help = "Age of the oldest job that no node has yet";
        list.register_with_unit("oldest_unforwarded", help, Unit::Seconds, self.oldest.clone());
        list.register("nodes", "Nodes that made themselves known", self.nodes.clone());
        list.register("running_jobs", "Jobs that live nodes run", self.running.clone());
        list.register("held_jobs", "Jobs that live nodes hold", self.held.clone());
    }

    /// An instruction was handed in.
    pub(crate) fn accepted(&self, accepted: &Result<Acceptance, ApiError>) {
        let outcome = match accepted {
            Ok(Acceptance::Created(_)) => "created",
            Ok(Acceptance::Known(_)) => "known",
            Ok(Acceptance::Taken(_)) => "refused",
            Err(_) => "failed",
        };
        self.accepts.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// The row took a patch.
    pub(crate) fn patched(&self, id: JobId, answer: &PatchAnswer) {
        if (answer.status, answer.attempt) == (JobStatus::Running, 1) {
            self.waited.observe(age(id).as_secs_f64());
        }
        self.moved(answer.status);
    }

    /// A job moved there.
    pub(crate) fn moved(&self, to: JobStatus) {
        if to.is_settled() {
            self.settled.get_or_create(&[("outcome", to.as_str())]).inc();
        }
    }

    /// It was tried to tell somebody of a job.
    pub(crate) fn told(&self, outcome: Told) {
        let outcome = match outcome {
            Told::Sent => "sent",
            Told::Failed => "failed",
            Told::Dead => "dead",
        };
        self.notifications.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// A job was taken from a node.
    pub(crate) fn taken_away(&self, status: JobStatus, ran: bool) {
        self.cut_short.inc_by(u64::from(ran));
        self.moved(status);
    }

    /// Looks at what is with the database, which may be away.
    pub(crate) async fn look(&self, app: &App) {
        let looked = self.try_look(app).await;
        self.database.set(i64::from(looked.is_ok()));
    }

    async fn try_look(&self, app: &App) -> sqlx::Result<()> {
        let queue = store::job::queue(&app.db).await?;
        self.unsettled.set(queue.unsettled);
        self.unforwarded.set(queue.unforwarded);
        self.oldest.set(queue.oldest_seconds);
        let notifications = store::notification::standing(&app.db).await?;
        self.notifications_waiting.set(notifications.pending);
        self.notifications_dead.set(notifications.dead);
        let nodes = store::node::list(&app.db, None).await?;
        let live = || nodes.iter().filter(|node| node.state == NodeState::Live);
        let (count, all) = (live().count() as i64, nodes.len() as i64);
        self.nodes.get_or_create(&[("state", "live")]).set(count);
        self.nodes.get_or_create(&[("state", "lapsed")]).set(all - count);
        self.running.set(live().map(|node| i64::from(node.running)).sum());
        self.held.set(live().map(|node| i64::from(node.held)).sum());
        Ok(())
    }
}

/// How long ago a job was made, as its id tells.
fn age(id: JobId) -> Duration {
    let made = id.made_at().unwrap_or_else(Timestamp::now);
    Timestamp::now().duration_since(made).try_into().unwrap_or_default()
}
