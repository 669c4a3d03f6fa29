use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fixed::{slots_state, slots_taken};
use crate::{
    Blocker, Books, End, Gate, GateState, Length, Moment, Outcome, Reach, Room, Running, Signal,
    Want,
};

/// As many jobs at once as do the most work, found by trying.
///
/// The limit `L` moves once in a `window` in which it was used to the full. With `g` the work done
/// per second, the elasticity between two windows is `e = ln(g/g′) / ln(L/L′)`: 1 where twice the
/// jobs do twice the work, 0 where more jobs do no more. If `e > gain`, `L` grows, else it shrinks;
/// by doubling until first it does not pay, then by a sixteenth, at least one. So it settles about
/// the knee of the curve and not beyond, where memory is spent for nothing. A job that ran out of
/// memory sets `L ← backoff·L`.
///
/// Source: the hill climbing of thread pools (Hellerstein et al., ICAC 2008) and AIMD (Chiu and
/// Jain, 1989) for the hard signal; gradients of latency do not suit jobs of hours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Draft")]
pub struct Adaptive {
    pub(crate) min: NonZeroU32,
    pub(crate) max: NonZeroU32,
    start: NonZeroU32,
    pub(crate) window: Length,
    gain: f64,
    backoff: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    #[serde(default = "one")]
    min: NonZeroU32,
    max: NonZeroU32,
    start: Option<NonZeroU32>,
    #[serde(default = "minute")]
    window: Length,
    #[serde(default = "half")]
    gain: f64,
    #[serde(default = "seven_tenths")]
    backoff: f64,
}

fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

fn minute() -> Length {
    Length::secs(60)
}

fn half() -> f64 {
    0.5
}

fn seven_tenths() -> f64 {
    0.7
}

impl TryFrom<Draft> for Adaptive {
    type Error = &'static str;

    fn try_from(draft: Draft) -> Result<Self, &'static str> {
        let Draft { min, max, start, window, gain, backoff } = draft;
        let start = start.unwrap_or(min);
        if !(min <= start && start <= max) {
            return Err("`min`, `start` and `max` must not be out of order");
        }
        if !(0.0 < gain && gain < 1.0 && 0.0 < backoff && backoff < 1.0) {
            return Err("`gain` and `backoff` lie between 0 and 1");
        }
        if window.0.is_zero() {
            return Err("`window` must not be zero");
        }
        Ok(Self { min, max, start, window, gain, backoff })
    }
}

/// An [`Adaptive`] limit and what it has seen.
#[derive(Debug)]
pub struct AdaptiveGate {
    adaptive: Adaptive,
    limit: u32,
    doubling: bool,
    /// The limit before, and the work per second under it.
    before: Option<(u32, f64)>,
    /// Whether work is signalled, rather than counted by what ends.
    signalled: bool,
    window: Seen,
}

/// What happened since the limit moved.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    since: Option<Moment>,
    last: Moment,
    work: f64,
    /// Jobs × seconds.
    busy: f64,
}

impl Seen {
    /// Counts the time since the last event, in which so many ran.
    fn pass(&mut self, now: Moment, running: usize) {
        self.since.get_or_insert(now);
        self.busy += now.since(self.last).as_secs_f64() * running as f64;
        self.last = now;
    }

    fn length(&self) -> Duration {
        self.last.since(self.since.unwrap_or(self.last))
    }
}

impl AdaptiveGate {
    /// At its start, with nothing seen.
    pub fn new(adaptive: Adaptive) -> Self {
        Self {
            adaptive,
            limit: adaptive.start.get(),
            doubling: true,
            before: None,
            signalled: false,
            window: Seen::default(),
        }
    }

    /// Ends the window if it is long enough, and moves if the limit was used to the full.
    fn turn(&mut self) {
        let length = self.window.length();
        if length < self.adaptive.window.0 || self.window.work <= 0.0 {
            return;
        }
        let seconds = length.as_secs_f64();
        let full = self.window.busy / seconds >= 0.9 * f64::from(self.limit);
        let goodput = self.window.work / seconds;
        self.restart();
        if full {
            self.step(goodput);
        }
    }

    fn step(&mut self, goodput: f64) {
        let here = self.limit;
        let next = match self.before.filter(|(limit, _)| *limit != here) {
            None => self.larger(),
            Some((limit, work)) => {
                let ratio = f64::from(here) / f64::from(limit);
                let pays = (goodput / work).ln() / ratio.ln() > self.adaptive.gain;
                let knee = (f64::from(limit) * goodput / work).round() as u32;
                match (pays, self.doubling && here > limit) {
                    (true, _) => self.larger(),
                    (false, true) => knee.clamp(limit, here - 1),
                    (false, false) => here - self.sixteenth(),
                }
            }
        };
        self.doubling &= next >= here;
        self.before = Some((here, goodput));
        self.set(next);
    }

    fn larger(&self) -> u32 {
        let step = if self.doubling { self.limit } else { self.sixteenth() };
        self.limit.saturating_add(step)
    }

    fn sixteenth(&self) -> u32 {
        (self.limit / 16).max(1).min(self.limit)
    }

    fn set(&mut self, limit: u32) {
        self.limit = limit.clamp(self.adaptive.min.get(), self.adaptive.max.get());
    }

    fn restart(&mut self) {
        let now = self.window.last;
        self.window = Seen { since: Some(now), last: now, ..Seen::default() };
    }
}

impl Gate for AdaptiveGate {
    fn name(&self) -> &'static str {
        "adaptive"
    }

    fn reach(&self) -> Reach {
        Reach::Node
    }

    fn admits(&self, _want: &Want<'_>, books: &Books) -> bool {
        books.running().len() < self.limit as usize
    }

    fn blockers(&self, want: &Want<'_>, books: &Books) -> Vec<Blocker> {
        if self.admits(want, books) {
            return Vec::new();
        }
        vec![slots_taken(self.name(), u64::from(self.limit), want, books)]
    }

    fn room(&self, _books: &Books) -> Room {
        Room { jobs: u64::from(self.limit), ..Room::UNBOUNDED }
    }

    fn started(&mut self, _run: &Running, books: &Books) {
        self.window.pass(books.now().moment, books.running().len() - 1);
    }

    fn finished(&mut self, run: &Running, outcome: &Outcome, books: &Books) {
        self.window.pass(books.now().moment, books.running().len() + 1);
        if outcome.end == End::OutOfMemory {
            let less = (f64::from(self.limit) * self.adaptive.backoff).floor() as u32;
            self.set(less);
            (self.doubling, self.before) = (false, None);
            return self.restart();
        }
        if outcome.end == End::Completed && !self.signalled {
            self.window.work += run.ask.size.max(1) as f64;
            self.turn();
        }
    }

    fn observe(&mut self, signal: &Signal, books: &Books) {
        let Signal::Work(work) = signal else { return };
        self.window.pass(books.now().moment, books.running().len());
        self.signalled = true;
        self.window.work += work.max(0.0);
        self.turn();
    }

    fn state(&self, books: &Books) -> GateState {
        let state = slots_state(self.name(), u64::from(self.limit), books);
        let work = match self.before {
            Some((limit, work)) => format!("; {work:.3} units of work a second at {limit}"),
            None => String::new(),
        };
        GateState { text: state.text.clone() + &work, ..state }
    }

    fn remember(&self, _books: &Books) -> Value {
        json!({ "limit": self.limit, "doubling": self.doubling })
    }

    fn recall(&mut self, memory: &Value, _books: &Books) {
        if let Some(limit) = memory["limit"].as_u64() {
            self.set(u32::try_from(limit).unwrap_or(u32::MAX));
            self.doubling = memory["doubling"].as_bool().unwrap_or(true);
        }
    }
}
