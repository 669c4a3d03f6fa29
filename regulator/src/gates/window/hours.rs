use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Hours of some days of the week, written `"mon-fri 19:00-06:00"` or `"22:00-24:00"`.
///
/// Hours that end before they begin reach into the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    days: [bool; 7],
    from: u16,
    to: u16,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MIDNIGHT: u16 = 24 * 60;

impl Hours {
    /// When they begin and end if they begin on `day`.
    pub(super) fn on(&self, day: Date) -> Option<(DateTime, DateTime)> {
        let weekday = day.weekday().to_monday_zero_offset() as usize;
        if !self.days[weekday] {
            return None;
        }
        let last = if self.to <= self.from { day.tomorrow().ok()? } else { day };
        Some((at(day, self.from)?, at(last, self.to)?))
    }
}

fn at(day: Date, minutes: u16) -> Option<DateTime> {
    let day = if minutes == MIDNIGHT { day.tomorrow().ok()? } else { day };
    let minutes = minutes % MIDNIGHT;
    Some(day.at((minutes / 60) as i8, (minutes % 60) as i8, 0, 0))
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != [true; 7] {
            let days = DAYS.iter().zip(self.days).filter(|(_, on)| *on).map(|(day, _)| *day);
            write!(f, "{} ", days.collect::<Vec<_>>().join(","))?;
        }
        let time = |minutes| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        write!(f, "{}-{}", time(self.from), time(self.to))
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` are no hours; write such as \"mon-fri 19:00-06:00\" or \"22:00-24:00\""
            )
        };
        let (days, times) = match text.trim().rsplit_once(' ') {
            Some((days, times)) => (parse_days(days).ok_or_else(wrong)?, times),
            None => ([true; 7], text.trim()),
        };
        let (from, to) = times.split_once('-').ok_or_else(wrong)?;
        let from = parse_time(from).filter(|from| *from < MIDNIGHT).ok_or_else(wrong)?;
        Ok(Self { days, from, to: parse_time(to).ok_or_else(wrong)? })
    }
}

fn parse_days(text: &str) -> Option<[bool; 7]> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name.trim().to_lowercase());
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (day(first)?, day(last)?);
        days[last] = true;
        while at != last {
            days[at] = true;
            at = (at + 1) % 7;
        }
    }
    Some(days)
}

fn parse_time(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
    let number = |digits: &str| digits.parse::<u16>().ok().filter(|_| two(digits));
    let (hour, minute) = (number(hour)?, number(minute).filter(|minute| *minute < 60)?);
    Some(hour * 60 + minute).filter(|minutes| *minutes <= MIDNIGHT)
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_and_written() {
        for (text, written) in [
            ("mon-fri 19:00-06:00", "mon,tue,wed,thu,fri 19:00-06:00"),
            ("Sat, sun 00:00-24:00", "sat,sun 00:00-24:00"),
            ("fri-mon 08:05-08:06", "mon,fri,sat,sun 08:05-08:06"),
            (" 22:00-24:00", "22:00-24:00"),
        ] {
            let hours: Hours = text.parse().unwrap();
            assert_eq!(hours.to_string(), written);
            assert_eq!(written.parse(), Ok(hours));
        }
        let wrong = [
            "",
            "mon",
            "mon-fri",
            "8:00-9:00",
            "24:00-06:00",
            "23:60-06:00",
            "moon 08:00-09:00",
            "08:00-24:01",
            "+8:00-09:00",
        ];
        for wrong in wrong {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn hours_reach_into_the_next_day_if_they_end_before_they_begin() {
        let friday = jiff::civil::date(2026, 11, 20);
        let on = |text: &str, day| text.parse::<Hours>().unwrap().on(day);
        let saturday = friday.tomorrow().unwrap();
        let night = Some((friday.at(19, 0, 0, 0), saturday.at(6, 0, 0, 0)));
        assert_eq!(on("fri 19:00-06:00", friday), night);
        assert_eq!(on("fri 19:00-06:00", saturday), None);
        let day = Some((friday.at(8, 30, 0, 0), saturday.at(0, 0, 0, 0)));
        assert_eq!(on("08:30-24:00", friday), day);
        let round = Some((friday.at(8, 0, 0, 0), saturday.at(8, 0, 0, 0)));
        assert_eq!(on("08:00-08:00", friday), round);
        let short = Some((friday.at(8, 0, 0, 0), friday.at(8, 1, 0, 0)));
        assert_eq!(on("08:00-08:01", friday), short);
    }
}
