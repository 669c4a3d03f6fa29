use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Clock, End, Grant, Outcome, Regulator};

/// A regulator that several hands hold, with the clock it is told the time by.
///
/// `nudge` is called, with nothing locked, whenever a permit was given back: ask for admission then.
pub struct Shared {
    regulator: Mutex<Box<dyn Regulator>>,
    clock: Box<dyn Clock>,
    nudge: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    /// Puts a regulator where it can be shared.
    pub fn new(
        regulator: Box<dyn Regulator>,
        clock: impl Clock + 'static,
        nudge: impl Fn() + Send + Sync + 'static,
    ) -> Arc<Self> {
        let regulator = Mutex::new(regulator);
        Arc::new(Self { regulator, clock: Box::new(clock), nudge: Box::new(nudge) })
    }

    /// The regulator, for as long as the guard lives; a panic elsewhere does not lock it for ever.
    pub fn lock(&self) -> MutexGuard<'_, Box<dyn Regulator>> {
        self.regulator.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time to tell it.
    pub fn now(&self) -> crate::Now {
        self.clock.now()
    }

    /// The next job that may start; it holds what was booked until the permit is dropped.
    pub fn admit(self: &Arc<Self>) -> Option<Permit> {
        let grant = self.lock().admit(self.now())?;
        Some(Permit { grant, outcome: Outcome::of(End::Failed), shared: self.clone() })
    }
}

/// Leave to run, given back by dropping it.
///
/// Dropped without a word, as after a panic, it counts as failed.
#[must_use = "dropping a permit gives its room back"]
pub struct Permit {
    grant: Grant,
    outcome: Outcome,
    shared: Arc<Shared>,
}

impl Permit {
    /// What was granted.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Gives it back, saying how the job ended.
    pub fn finish(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let now = self.shared.now();
        self.shared.lock().finish(now, self.grant.id, self.outcome);
        (self.shared.nudge)();
    }
}
