//! Tells the web service that the node lives: on a thread of its own, so that nothing the node does
//! can make it late.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use edge::Step;
use schema::{Heartbeat, Kind};
use tokio::{runtime, sync::oneshot, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    callback::{Callback, Refusal},
    node::Node,
    reporter::Stop,
};

/// How often it is tried before the web service has said how long a lease is.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long the first answer may take: what a former process left may have to be seen to first.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);
/// The shortest time between two heartbeats, however short the lease.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
/// The shortest time that an answer may take, however short the lease.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// A heart that beats until it is told that the node leaves, or until this is dropped.
pub(crate) struct Heart {
    leaving: CancellationToken,
    /// Comes to its end when the thread does.
    stopped: oneshot::Receiver<()>,
    _gone: tokio_util::sync::DropGuard,
}

impl Heart {
    /// Starts the thread.
    pub(crate) fn start(node: Arc<Node>, address: String) -> io::Result<Self> {
        let (leaving, gone) = (CancellationToken::new(), CancellationToken::new());
        let (stops, stopped) = oneshot::channel::<()>();
        let heart = Self { leaving: leaving.clone(), stopped, _gone: gone.clone().drop_guard() };
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("heartbeat".to_owned()).spawn(move || {
            let _stops = stops;
            let beats = Beats { callback: node.callback.apart(), node, address, period: None };
            runtime.block_on(gone.run_until_cancelled(beats.run(&leaving)));
        })?;
        Ok(heart)
    }

    /// Returns if the heart has stopped, which it does not by itself.
    pub(crate) async fn stopped(&mut self) {
        let _ = (&mut self.stopped).await;
    }

    /// Says a last word: what the node still has is for others.
    pub(crate) async fn leave(mut self) {
        self.leaving.cancel();
        self.stopped().await;
    }
}

struct Beats {
    node: Arc<Node>,
    callback: Callback,
    address: String,
    /// A lease's length, once it is known.
    period: Option<Duration>,
}

impl Beats {
    async fn run(mut self, leaving: &CancellationToken) {
        while !leaving.is_cancelled() {
            self.beat(false).await;
            let pause = self.period.map_or(FIRST_PAUSE, |lease| (lease / 4).max(SHORTEST_PAUSE));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.node.lease.nudge.notified() => {}
                () = leaving.cancelled() => {}
            }
        }
        self.beat(true).await;
    }

    async fn beat(&mut self, leaving: bool) {
        let beat = self.say(leaving);
        let sent = Instant::now();
        // A lost answer must leave time for another try.
        let patience = self.period.map_or(FIRST_PATIENCE, |lease| (lease / 3).max(LEAST_PATIENCE));
        let heard = timeout(patience, self.callback.beat(&self.node.name, &beat)).await;
        match heard {
            Ok(Ok(Ok(lease))) => self.hear(&beat, &lease, sent),
            Ok(Ok(Err(Refusal::Conflict))) => self.is_replaced(),
            Ok(Ok(Err(Refusal::Unknown))) => {
                info!("the web service knows no leases: it is older than this node");
                self.node.lease.is_unlimited();
            }
            Ok(Ok(Err(refusal @ (Refusal::NotHanded | Refusal::Other)))) => {
                warn!("the heartbeat is not taken: {refusal}");
            }
            Ok(Err(away)) => {
                warn!(error = &away as &dyn std::error::Error, "the heartbeat was not heard");
            }
            Err(_) => warn!("the heartbeat was not answered in time"),
        }
    }

    fn say(&self, leaving: bool) -> Heartbeat {
        let node = &self.node;
        let (held, room) = node.intake.load();
        let mut kinds: Vec<Kind> = node.digesters.keys().cloned().collect();
        kinds.sort();
        Heartbeat {
            boot: node.lease.boot,
            address: self.address.clone(),
            kinds,
            capacity: count(node.limits.held_jobs),
            held: count(held),
            room: if node.stopping.is_cancelled() { 0 } else { count(room) },
            version: env!("CARGO_PKG_VERSION").to_owned(),
            leaving,
            attempts: node.attempts(),
            cut_short: node.lease.lacking(),
            folders: node.roots.iter().map(|root| root.display().to_string()).collect(),
        }
    }

    fn hear(&mut self, beat: &Heartbeat, lease: &schema::Lease, sent: Instant) {
        Step::Heard.pass();
        let node = &self.node;
        for &attempt in &lease.lost {
            node.intake.stop(attempt, Stop::Lost);
        }
        for &attempt in &lease.cancel {
            node.intake.stop(attempt, Stop::Cancelled);
        }
        node.lease.told(&beat.cut_short);
        self.period = Some(lease.length());
        // After everything else: whoever waits for it may go on now.
        node.lease.holds_until(sent + lease.trusted());
    }

    /// Another process has our name, and our jobs were taken from us.
    fn is_replaced(&self) {
        error!(node = %self.node.name, "a later process goes by the name {}", self.node.name);
        for attempt in self.node.attempts() {
            self.node.intake.stop(attempt, Stop::Lost);
        }
    }
}

fn count(jobs: usize) -> u32 {
    u32::try_from(jobs).unwrap_or(u32::MAX)
}
