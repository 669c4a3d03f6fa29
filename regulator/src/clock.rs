use std::{
    sync::atomic::{AtomicI64, Ordering::Relaxed},
    time::Instant,
};

use jiff::Timestamp;

use crate::{Moment, Now};

/// Where the caller of a regulator reads the time; a regulator itself is handed it.
pub trait Clock: Send + Sync {
    /// Both clocks, now.
    fn now(&self) -> Now;
}

/// How far the calendar's clock may drift from the monotonic one before it is believed, in
/// microseconds. Less is the noise of reading one after the other.
const NOISE_MICROS: i64 = 10_000;

/// The clocks of the machine, kept in step: what was submitted in one order is never judged to have
/// come in another for the noise between two readings.
#[derive(Debug)]
pub struct SystemClock {
    zero: Instant,
    /// What the calendar said at zero, in microseconds.
    wall_at_zero: AtomicI64,
}

impl SystemClock {
    /// A clock whose monotonic zero is now.
    pub fn new() -> Self {
        let wall_at_zero = AtomicI64::new(Timestamp::now().as_microsecond());
        Self { zero: Instant::now(), wall_at_zero }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let moment = Moment::ZERO.plus(self.zero.elapsed());
        let read = Timestamp::now().as_microsecond() - moment.as_micros();
        let wall_at_zero = believed(self.wall_at_zero.load(Relaxed), read);
        self.wall_at_zero.store(wall_at_zero, Relaxed);
        let wall = Timestamp::from_microsecond(wall_at_zero + moment.as_micros());
        Now { moment, wall: wall.unwrap_or(Timestamp::MAX) }
    }
}

/// What is known stands until a reading differs by more than noise.
fn believed(known: i64, read: i64) -> i64 {
    if (read - known).abs() > NOISE_MICROS { read } else { known }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn noise_is_passed_over_and_a_clock_that_was_set_is_believed() {
        for known in [0, 7_000_000, -7_000_000] {
            for noise in [0, 1, -1, NOISE_MICROS, -NOISE_MICROS] {
                assert_eq!(believed(known, known + noise), known);
            }
            for set in [NOISE_MICROS + 1, -NOISE_MICROS - 1, 3_600_000_000] {
                assert_eq!(believed(known, known + set), known + set);
            }
        }
    }

    #[test]
    fn a_clock_that_runs_for_an_hour_tells_the_time_of_the_calendar() {
        let hour = Duration::from_secs(3600);
        let Some(zero) = Instant::now().checked_sub(hour) else { return };
        let clock = SystemClock { zero, wall_at_zero: AtomicI64::new(0) };
        let now = clock.now();
        assert!(now.moment >= Moment::ZERO.plus(hour));
        let off = Timestamp::now().duration_since(now.wall).abs();
        assert!(off < jiff::SignedDuration::from_mins(10), "{off}");
    }
}
