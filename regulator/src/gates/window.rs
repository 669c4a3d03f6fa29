mod hours;

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

pub use hours::Hours;

use crate::units::roughly;
use crate::{Blocker, Books, Facet, Gate, GateState, Lift, Moment, Reach, Want};

/// Some kinds start only in certain hours of the week, in a time zone: `now ∈ hours`, and with
/// `finish` also `now + expected runtime ≤ end of the hours`.
///
/// A job longer than the hours themselves, or of unknown length, may start whenever they are open:
/// it could otherwise never. On the days when clocks change, hours begin and end by the wall clock;
/// an hour that does not exist moves on by the gap, one that exists twice is the first. Source: the
/// time-limited reservations of batch systems, the maintenance windows of operations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Draft")]
pub struct Window {
    pub(crate) hours: Vec<Hours>,
    pub(crate) zone: String,
    pub(crate) kinds: Vec<String>,
    pub(crate) finish: bool,
    #[serde(skip)]
    time_zone: TimeZone,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    hours: Vec<Hours>,
    zone: String,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    finish: bool,
}

impl TryFrom<Draft> for Window {
    type Error = String;

    fn try_from(draft: Draft) -> Result<Self, String> {
        let Draft { hours, zone, kinds, finish } = draft;
        if hours.is_empty() {
            return Err(
                "`hours` needs at least one entry, such as \"mon-fri 19:00-06:00\"".to_owned()
            );
        }
        let time_zone = TimeZone::get(&zone).map_err(|_| {
            format!("there is no time zone `{zone}`; write such as \"Europe/Berlin\"")
        })?;
        Ok(Self { hours, zone, kinds, finish, time_zone })
    }
}

/// How long a wait for the hours may be slept through: the wall clock may be set meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl Window {
    fn concerns(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|other| other == kind)
    }

    /// The end of the hours that `at` lies in, those that follow without a gap included.
    fn open_until(&self, at: Timestamp) -> Option<Timestamp> {
        let mut until = None;
        let mut at = at;
        // A week that is open throughout has no end worth looking for.
        for _ in 0..16 {
            let Some(end) = self.ends(at) else { break };
            (until, at) = (Some(end), end);
        }
        until
    }

    fn ends(&self, at: Timestamp) -> Option<Timestamp> {
        let spans = self.spans(at, 0);
        spans.filter(|(from, to)| *from <= at && at < *to).map(|(_, to)| to).max()
    }

    fn next_opening(&self, after: Timestamp) -> Option<Timestamp> {
        let today = self.day(after);
        (-1..=8).find_map(|ahead| {
            let spans = self.spans_of(today, ahead);
            spans.map(|(from, _)| from).filter(|from| *from > after).min()
        })
    }

    /// The spans of the hours that begin from the day before to so many days after.
    fn spans(&self, at: Timestamp, days: i64) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = self.day(at);
        (-1..=days).flat_map(move |ahead| self.spans_of(today, ahead))
    }

    /// The spans of the hours that begin so many days after one.
    fn spans_of(&self, day: Date, ahead: i64) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let day = day.checked_add(jiff::Span::new().days(ahead)).ok();
        let local = self.hours.iter().filter_map(move |hours| hours.on(day?));
        local.filter_map(|(from, to)| Some((self.instant(from)?, self.instant(to)?)))
    }

    fn day(&self, at: Timestamp) -> Date {
        Zoned::new(at, self.time_zone.clone()).date()
    }

    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        local.to_zoned(self.time_zone.clone()).ok().map(|zoned| zoned.timestamp())
    }

    /// Whether a job may start, and where not, whether for its length alone.
    fn verdict(&self, want: &Want<'_>, books: &Books) -> Verdict {
        if !self.concerns(&want.ask.kind) {
            return Verdict::Open;
        }
        let now = books.now().wall;
        let Some(until) = self.open_until(now) else { return Verdict::Closed };
        let Some(runtime) = want.runtime.filter(|_| self.finish) else { return Verdict::Open };
        let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        if runtime <= left || runtime > self.longest(now) {
            Verdict::Open
        } else {
            Verdict::TooLate
        }
    }

    fn longest(&self, around: Timestamp) -> Duration {
        let lengths = self.spans(around, 8).filter_map(|(from, _)| {
            let until = self.open_until(from)?;
            Duration::try_from(until.duration_since(from)).ok()
        });
        lengths.max().unwrap_or_default()
    }
}

enum Verdict {
    Open,
    Closed,
    TooLate,
}

impl Gate for Window {
    fn name(&self) -> &'static str {
        "window"
    }

    fn reach(&self) -> Reach {
        if self.finish { Reach::Job } else { Reach::Same(Facet::Kind) }
    }

    fn admits(&self, want: &Want<'_>, books: &Books) -> bool {
        matches!(self.verdict(want, books), Verdict::Open)
    }

    fn blockers(&self, want: &Want<'_>, books: &Books) -> Vec<Blocker> {
        let now = books.now();
        let code = match self.verdict(want, books) {
            Verdict::Open => return Vec::new(),
            Verdict::Closed => "closed",
            Verdict::TooLate => "too_late",
        };
        let opens = self.next_opening(now.wall).unwrap_or(Timestamp::MAX);
        let wait = Duration::try_from(opens.duration_since(now.wall)).unwrap_or_default();
        let at = now.moment.plus(wait);
        let local = Zoned::new(opens, self.time_zone.clone()).strftime("%a %H:%M");
        let (kind, zone, wait) = (&want.ask.kind, &self.zone, roughly(wait));
        let late = if code == "closed" { "" } else { "would not end before they do and " };
        vec![Blocker {
            gate: self.name().to_owned(),
            code: code.to_owned(),
            text: format!("{late}waits for the hours of `{kind}`, {local} {zone}, in {wait}"),
            holders: Vec::new(),
            lifts: Lift::At(at),
            expected: Some(at),
        }]
    }

    fn wake(&self, books: &Books) -> Option<Moment> {
        let now = books.now();
        let opens = self.next_opening(now.wall)?;
        let wait = Duration::try_from(opens.duration_since(now.wall)).unwrap_or_default();
        Some(now.moment.plus(wait.min(LOOK_AGAIN)))
    }

    fn state(&self, books: &Books) -> GateState {
        let open = self.open_until(books.now().wall).is_some();
        let hours: Vec<_> = self.hours.iter().map(Hours::to_string).collect();
        let now = if open { "open" } else { "closed" };
        let text = format!("{now}; {} {}", hours.join(", "), self.zone);
        GateState { name: self.name(), text, budgets: Vec::new() }
    }
}
