//! When what is looked for begins and ends: by the day, or to the moment.
//!
//! A day in an address is one in UTC. Whoever means a day of their own says from which moment to which,
//! so that an address means the same to everybody.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// A day in UTC, or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::pages) enum Bound {
    Day(Date),
    Moment(Timestamp),
}

impl Bound {
    /// The first moment from this bound on.
    pub(super) fn begin(self) -> Timestamp {
        match self {
            Self::Day(day) => beginning(day),
            Self::Moment(moment) => moment,
        }
    }

    /// The first moment that is beyond this bound; a day belongs to what it bounds.
    pub(super) fn end(self) -> Timestamp {
        match self {
            Self::Day(day) => day.tomorrow().map_or(Timestamp::MAX, beginning),
            Self::Moment(moment) => moment,
        }
    }
}

fn beginning(day: Date) -> Timestamp {
    // Every day has a beginning in UTC, but for those that no clock reaches.
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |day| day.timestamp())
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(moment) = text.parse() {
            return Ok(Self::Moment(moment));
        }
        let day = Date::strptime("%Y-%m-%d", text);
        day.map(Self::Day).map_err(|_| format!("{text:?} is neither a day nor a moment"))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Moment(moment) => moment.fmt(f),
        }
    }
}

impl serde::Serialize for Bound {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
