//! How long what the node has is its own, as far as the node knows.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use schema::Attempt;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

/// How often a digesting thread looks whether its lease was renewed.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What is known of the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The web service has not heard of this process yet.
    Unknown,
    /// The web service grants none: what the node has is its own until it says otherwise.
    Unlimited,
    /// It holds until then, if nothing more is heard. This clock goes on while the process is
    /// stopped.
    Until(Instant),
}

impl Standing {
    fn holds(self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Unlimited => true,
            Self::Until(end) => Instant::now() < end,
        }
    }
}

/// The lease of this process on everything it has.
#[derive(Debug)]
pub(crate) struct Lease {
    /// Tells this process from those before and after it.
    pub(crate) boot: Uuid,
    standing: watch::Sender<Standing>,
    /// Attempts to be told of that ended without a word.
    cut_short: Mutex<Vec<Attempt>>,
    /// The next heartbeat has something to say.
    pub(crate) nudge: Notify,
}

impl Lease {
    pub(crate) fn new() -> Self {
        Self {
            boot: Uuid::now_v7(),
            standing: watch::channel(Standing::Unknown).0,
            cut_short: Mutex::default(),
            nudge: Notify::new(),
        }
    }

    /// Returns once the lease holds: nothing may be claimed before.
    pub(crate) async fn held(&self) {
        let mut standing = self.standing.subscribe();
        // The sender is our own.
        let _ = standing.wait_for(|standing| standing.holds()).await;
    }

    /// Returns once the web service has heard of this process: jobs of the one before are nobody's
    /// from then on.
    pub(crate) async fn registered(&self) {
        let mut standing = self.standing.subscribe();
        let _ = standing.wait_for(|standing| *standing != Standing::Unknown).await;
    }

    /// Waits, on a thread that may, until the lease holds; `false` if it is given up before.
    pub(crate) fn wait_held(&self, given_up: impl Fn() -> bool) -> bool {
        loop {
            // In this order: that an attempt is lost is told before the lease holds anew.
            let holds = self.standing.borrow().holds();
            if given_up() {
                return false;
            }
            if holds {
                return true;
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// How long it holds without another word; none where no lease is granted.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        match *self.standing.borrow() {
            Standing::Unknown => Some(Duration::ZERO),
            Standing::Unlimited => None,
            Standing::Until(end) => Some(end.saturating_duration_since(Instant::now())),
        }
    }

    /// Whether the web service has heard of this process.
    pub(crate) fn is_registered(&self) -> bool {
        *self.standing.borrow() != Standing::Unknown
    }

    pub(crate) fn holds_until(&self, end: Instant) {
        self.standing.send_replace(Standing::Until(end));
    }

    pub(crate) fn is_unlimited(&self) {
        self.standing.send_replace(Standing::Unlimited);
    }

    /// These attempts are the node's, says the web service, and it does not have them.
    pub(crate) fn lacks(&self, attempts: impl IntoIterator<Item = Attempt>) {
        self.cut_short().extend(attempts);
        self.nudge.notify_one();
    }

    /// What is to be told of attempts that ended without a word.
    pub(crate) fn lacking(&self) -> Vec<Attempt> {
        self.cut_short().clone()
    }

    /// The web service knows of these.
    pub(crate) fn told(&self, attempts: &[Attempt]) {
        self.cut_short().retain(|attempt| !attempts.contains(attempt));
    }

    fn cut_short(&self) -> MutexGuard<'_, Vec<Attempt>> {
        // Every change is one step: nothing is ever half done.
        self.cut_short.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
