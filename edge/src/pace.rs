//! How often something that is done for many at once is worth doing.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How much a round must have gathered for the next one to be worth waiting for.
const MUCH: usize = 16;

/// Lets rounds that gather much follow each other no faster than so often. One after a round that
/// gathered little begins at once: nobody waits for company that does not come, and under load there
/// are fewer rounds.
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

    /// The round that began last gathered so much.
    pub fn gathered(&mut self, count: usize) {
        if count < MUCH {
            self.next = None;
        }
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

    const EVERY: Duration = Duration::from_millis(5);

    /// When rounds begin that gather so much, one right after the other.
    async fn begins(gathered: &[usize]) -> Vec<Duration> {
        let (mut pace, begin, mut begins) = (Pace::new(EVERY), Instant::now(), Vec::new());
        for &count in gathered {
            pace.keep().await;
            pace.gathered(count);
            begins.push(begin.elapsed());
        }
        begins
    }

    #[tokio::test(start_paused = true)]
    async fn rounds_that_gather_much_keep_their_distance() {
        assert_eq!(begins(&[MUCH; 3]).await, [Duration::ZERO, EVERY, 2 * EVERY]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_after_one_that_gathered_little_begins_at_once() {
        let begins = begins(&[1, MUCH - 1, MUCH, 1, MUCH]).await;
        assert_eq!(begins, [Duration::ZERO, Duration::ZERO, Duration::ZERO, EVERY, EVERY]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_round_after_a_pause_begins_at_once() {
        let mut pace = Pace::new(EVERY);
        pace.keep().await;
        pace.gathered(MUCH);
        tokio::time::advance(10 * EVERY).await;
        let begin = Instant::now();
        pace.keep().await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}
