//! How long to wait before trying again.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_millis(100);

/// Doubles from try to try up to a cap, and takes a random part of it ("full jitter"), so that
/// many who wait do not come back at once.
#[derive(Debug)]
pub struct Backoff {
    ceiling: Duration,
    cap: Duration,
}

impl Backoff {
    /// Waits no longer than `cap`.
    #[must_use]
    pub const fn new(cap: Duration) -> Self {
        Self { ceiling: FIRST, cap }
    }

    /// The wait before the next try, at least as long as the other side asked for.
    pub fn pause(&mut self, asked: Option<Duration>) -> Duration {
        let wait = self.ceiling.mul_f64(random_share());
        self.ceiling = (self.ceiling * 2).min(self.cap);
        wait.max(asked.unwrap_or_default().min(self.cap))
    }

    /// Begins anew, after a success.
    pub fn reset(&mut self) {
        self.ceiling = FIRST;
    }
}

/// Between a half and the whole.
fn random_share() -> f64 {
    let random = getrandom::u32().unwrap_or_default();
    0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_cap_and_begin_anew_after_success() {
        let cap = Duration::from_secs(5);
        let mut backoff = Backoff::new(cap);
        let waits: Vec<_> = (0..20).map(|_| backoff.pause(None)).collect();
        assert!(waits[0] <= FIRST);
        assert!(waits.iter().all(|wait| *wait <= cap));
        assert!(waits[19] >= cap / 2);
        backoff.reset();
        assert!(backoff.pause(None) <= FIRST);
    }

    #[test]
    fn who_says_when_to_come_back_is_believed_within_reason() {
        let mut backoff = Backoff::new(Duration::from_secs(5));
        assert_eq!(backoff.pause(Some(Duration::from_secs(3))), Duration::from_secs(3));
        assert_eq!(backoff.pause(Some(Duration::from_secs(900))), Duration::from_secs(5));
    }
}
