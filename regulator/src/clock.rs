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
        let known = self.wall_at_zero.load(Relaxed);
        let wall_at_zero = if (read - known).abs() > NOISE_MICROS { read } else { known };
        self.wall_at_zero.store(wall_at_zero, Relaxed);
        let wall = Timestamp::from_microsecond(wall_at_zero + moment.as_micros());
        Now { moment, wall: wall.unwrap_or(Timestamp::MAX) }
    }
}
