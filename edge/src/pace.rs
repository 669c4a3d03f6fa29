//! How often something that is done for many at once is worth doing.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Lets rounds follow each other no faster than so often. The first one after a pause begins at
/// once; under load every round has gathered something, and there are fewer of them.
#[derive(Debug)]
pub struct Pace {
    every: Duration,
    next: Option<Instant>,
}

impl Pace {
    /// A round every so often at most.
    #[must_use]
    pub const fn new(every: Duration) -> Self {
        Self { every, next: None }
    }

    /// When the next round may begin, unless at once: it is taken to begin then.
    pub fn wait_until(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let wait = self.next.filter(|next| *next > now);
        self.next = Some(wait.unwrap_or(now) + self.every);
        wait
    }

    /// Returns when the next round may begin.
    pub async fn keep(&mut self) {
        // No timer for no time: it would go off at the next tick.
        if let Some(begin) = self.wait_until() {
            sleep_until(begin).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rounds_keep_their_distance_and_the_first_after_a_pause_begins_at_once() {
        let every = Duration::from_millis(5);
        let mut pace = Pace::new(every);
        let begin = Instant::now();
        pace.keep().await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
        pace.keep().await;
        pace.keep().await;
        assert_eq!(begin.elapsed(), 2 * every);
        tokio::time::advance(10 * every).await;
        pace.keep().await;
        assert_eq!(begin.elapsed(), 12 * every);
    }
}
