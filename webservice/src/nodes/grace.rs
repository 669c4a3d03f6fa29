//! When this process may believe what it sees of leases.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// How far the database's clock and ours may drift apart from one look to the next.
const DRIFT: SignedDuration = SignedDuration::from_secs(1);

/// A time in which no lease may lapse: after our start, after we were stopped for a while, after the
/// database was away, and after its clock jumped. Whoever lives has had time to say so by its end.
#[derive(Debug)]
pub struct Grace {
    lease: Duration,
    last: Option<(Instant, Timestamp)>,
    until: Instant,
}

impl Grace {
    /// A time that has just begun.
    #[must_use]
    pub fn new(lease: Duration, now: Instant) -> Self {
        Self { lease, last: None, until: now + lease }
    }

    /// The database has answered with its time.
    pub fn saw(&mut self, now: Instant, database: Timestamp) {
        let Some((last, database_then)) = self.last.replace((now, database)) else { return };
        let ours = now.duration_since(last);
        let theirs = database.duration_since(database_then);
        let jumped =
            (theirs - SignedDuration::try_from(ours).unwrap_or(SignedDuration::MAX)).abs() > DRIFT;
        if jumped || ours > self.lease / 2 {
            self.begin(now);
        }
    }

    /// The database has not answered.
    pub fn missed(&mut self, now: Instant) {
        self.last = None;
        self.begin(now);
    }

    /// Whether leases may lapse.
    #[must_use]
    pub fn is_over(&self, now: Instant) -> bool {
        now >= self.until
    }

    fn begin(&mut self, now: Instant) {
        self.until = now + self.lease;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(8);
    const SCAN: Duration = Duration::from_secs(1);

    /// Two clocks that go on together, unless somebody says otherwise.
    struct Clocks {
        ours: Instant,
        database: Timestamp,
        grace: Grace,
    }

    impl Clocks {
        /// As after a quiet hour.
        fn settled() -> Self {
            let (ours, database) = (Instant::now(), Timestamp::UNIX_EPOCH);
            let mut clocks = Self { ours, database, grace: Grace::new(LEASE, ours) };
            clocks.quiet(LEASE);
            assert!(clocks.is_over());
            clocks
        }

        fn pass(&mut self, ours: Duration, database: Duration) {
            self.ours += ours;
            self.database += database;
            self.grace.saw(self.ours, self.database);
        }

        fn quiet(&mut self, time: Duration) {
            for _ in 0..time.as_secs() {
                self.pass(SCAN, SCAN);
            }
        }

        fn is_over(&self) -> bool {
            self.grace.is_over(self.ours)
        }

        /// A full lease must pass before any may lapse.
        fn has_begun(&mut self) {
            self.quiet(LEASE - SCAN);
            assert!(!self.is_over());
            self.quiet(SCAN);
            assert!(self.is_over());
        }
    }

    #[test]
    fn no_lease_lapses_before_a_lease_has_passed_since_the_start() {
        let now = Instant::now();
        let grace = Grace::new(LEASE, now);
        assert!(!grace.is_over(now + LEASE - SCAN));
        assert!(grace.is_over(now + LEASE));
    }

    #[test]
    fn having_been_stopped_begins_a_new_grace() {
        let mut clocks = Clocks::settled();
        clocks.pass(LEASE, LEASE);
        clocks.has_begun();
    }

    #[test]
    fn a_database_that_was_away_begins_a_new_grace() {
        let mut clocks = Clocks::settled();
        clocks.grace.missed(clocks.ours);
        clocks.has_begun();
    }

    #[test]
    fn a_database_clock_that_jumps_forth_or_back_begins_a_new_grace() {
        let mut clocks = Clocks::settled();
        clocks.pass(SCAN, Duration::from_secs(3600));
        clocks.has_begun();
        clocks.database -= Duration::from_secs(3600);
        clocks.pass(SCAN, SCAN);
        clocks.has_begun();
    }

    #[test]
    fn a_database_that_answers_a_little_late_is_believed() {
        let mut clocks = Clocks::settled();
        clocks.pass(SCAN * 2, SCAN * 2);
        clocks.pass(SCAN, Duration::from_millis(1400));
        assert!(clocks.is_over());
    }
}
