use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A point on the monotonic clock, in microseconds from a zero of the caller's choice.
///
/// It may be negative: a job may have waited since before the process began.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Moment(i64);

impl Moment {
    /// The zero of the clock.
    pub const ZERO: Self = Self(0);
    /// Later than everything: "nobody knows when".
    pub const NEVER: Self = Self(i64::MAX);

    /// The moment so many microseconds after zero.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The moment so many seconds after zero.
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e6).round() as i64)
    }

    /// Microseconds since zero.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Seconds since zero.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// This much later; never past [`Moment::NEVER`].
    pub fn plus(self, length: Duration) -> Self {
        Self(self.0.saturating_add(micros(length)))
    }

    /// This much earlier.
    pub fn minus(self, length: Duration) -> Self {
        Self(self.0.saturating_sub(micros(length)))
    }

    /// How long ago `earlier` was; zero if it is still to come.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

/// Both clocks, read together by the caller.
///
/// Everything is reckoned by `moment`, which cannot jump. `wall` decides only what is about the
/// calendar: the hours of a `window`, and the age of a job that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock.
    pub moment: Moment,
    /// The calendar's clock.
    pub wall: Timestamp,
}

impl Now {
    /// The time of day at `moment`, if the wall clock does not jump until then.
    pub fn wall_at(&self, moment: Moment) -> Timestamp {
        let ahead = moment.as_micros().saturating_sub(self.moment.as_micros());
        self.wall.saturating_add(jiff::SignedDuration::from_micros(ahead)).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_never_pushed_past_never() {
        assert_eq!(Moment::from_micros(5).plus(Duration::MAX), Moment::NEVER);
        assert_eq!(Moment::from_micros(5).since(Moment::from_micros(9)), Duration::ZERO);
        assert_eq!(Moment::from_secs_f64(1.5).minus(Duration::from_secs(2)).as_micros(), -500_000);
    }

    #[test]
    fn the_wall_clock_is_carried_along() {
        let now = Now { moment: Moment::from_micros(10), wall: Timestamp::UNIX_EPOCH };
        assert_eq!(now.wall_at(Moment::from_micros(1_000_010)), Timestamp::constant(1, 0));
        assert_eq!(now.wall_at(Moment::NEVER), now.wall_at(Moment::NEVER));
    }
}
