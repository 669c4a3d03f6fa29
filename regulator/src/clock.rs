use std::time::Instant;

use jiff::Timestamp;

use crate::{Moment, Now};

/// Where the caller of a regulator reads the time; a regulator itself is handed it.
pub trait Clock: Send + Sync {
    /// Both clocks, now.
    fn now(&self) -> Now;
}

/// The clocks of the machine.
#[derive(Debug)]
pub struct SystemClock {
    zero: Instant,
}

impl SystemClock {
    /// A clock whose monotonic zero is now.
    pub fn new() -> Self {
        Self { zero: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now { moment: Moment::ZERO.plus(self.zero.elapsed()), wall: Timestamp::now() }
    }
}
