use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::units::roughly;
use crate::{
    Ask, Blocker, Books, Facet, Gate, GateState, Length, Lift, Moment, Reach, Running, Want,
};

/// So many starts in a while, of the whole node or of each kind or tenant.
///
/// A token bucket of `burst` tokens, filled at `starts / per`, kept as one number: the moment `f` at
/// which it will be full again. With `T = per / starts`, a job may start if
/// `f − now ≤ (burst − 1)·T`, and then `f ← max(now, f) + T`. So in any stretch of time `w` at most
/// `burst + w / T` jobs start. Source: the generic cell rate algorithm, ITU-T I.371.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Draft")]
pub struct Rate {
    pub(crate) starts: NonZeroU32,
    pub(crate) per: Length,
    pub(crate) burst: NonZeroU32,
    pub(crate) of: Of,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    starts: NonZeroU32,
    per: Length,
    #[serde(default = "one")]
    burst: NonZeroU32,
    #[serde(default)]
    of: Of,
}

fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// Whose starts a [`Rate`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// All together.
    #[default]
    Node,
    /// Each kind by itself.
    Kind,
    /// Each tenant by itself.
    Tenant,
}

impl TryFrom<Draft> for Rate {
    type Error = &'static str;

    fn try_from(draft: Draft) -> Result<Self, &'static str> {
        let Draft { starts, per, burst, of } = draft;
        if per.0 / starts.get() < Duration::from_micros(1)
            || per.0 > Duration::from_secs(31 * 86_400)
        {
            return Err("`per` is at most 31 days and a microsecond for each of `starts`");
        }
        Ok(Self { starts, per, burst, of })
    }
}

/// A [`Rate`] with its buckets.
#[derive(Debug)]
pub struct RateGate {
    rate: Rate,
    full_at: BTreeMap<String, Moment>,
    tidy_at: usize,
}

/// How many buckets are kept before those that are full again are looked for.
const TIDY: usize = 64;

impl RateGate {
    /// All buckets full.
    pub fn new(rate: Rate) -> Self {
        Self { rate, full_at: BTreeMap::new(), tidy_at: TIDY }
    }

    fn whose<'a>(&self, ask: &'a Ask) -> &'a str {
        match self.rate.of {
            Of::Node => "",
            Of::Kind => &ask.kind,
            Of::Tenant => &ask.tenant,
        }
    }

    fn step(&self) -> Duration {
        self.rate.per.0 / self.rate.starts.get()
    }

    fn full_at(&self, ask: &Ask) -> Moment {
        self.full_at.get(self.whose(ask)).copied().unwrap_or(Moment::from_micros(i64::MIN))
    }

    /// When a bucket that is full at `full` has a token.
    fn open_at(&self, full: Moment) -> Moment {
        full.minus(self.step() * (self.rate.burst.get() - 1))
    }

    fn tidy(&mut self, now: Moment) {
        if self.full_at.len() > self.tidy_at {
            self.full_at.retain(|_, full| *full > now);
            self.tidy_at = TIDY.max(2 * self.full_at.len());
        }
    }
}

impl Gate for RateGate {
    fn name(&self) -> &'static str {
        "rate"
    }

    fn reach(&self) -> Reach {
        match self.rate.of {
            Of::Node => Reach::Node,
            Of::Kind => Reach::Same(Facet::Kind),
            Of::Tenant => Reach::Same(Facet::Tenant),
        }
    }

    fn admits(&self, want: &Want<'_>, books: &Books) -> bool {
        self.open_at(self.full_at(want.ask)) <= books.now().moment
    }

    fn blockers(&self, want: &Want<'_>, books: &Books) -> Vec<Blocker> {
        if self.admits(want, books) {
            return Vec::new();
        }
        let at = self.open_at(self.full_at(want.ask));
        let wait = roughly(at.since(books.now().moment));
        let Rate { starts, per, of, .. } = self.rate;
        let whose = match of {
            Of::Node => String::new(),
            Of::Kind | Of::Tenant => format!(" of `{}`", self.whose(want.ask)),
        };
        vec![Blocker {
            gate: self.name().to_owned(),
            code: "rate".to_owned(),
            text: format!("waits {wait} for the rate of {starts} starts{whose} in {per}"),
            holders: Vec::new(),
            lifts: Lift::At(at),
            expected: Some(at),
        }]
    }

    fn leaves_room(&self, head: &Want<'_>, other: &Want<'_>, books: &Books) -> bool {
        let now = books.now().moment;
        let full = self.full_at(other.ask).max(now).plus(self.step());
        self.whose(head.ask) != self.whose(other.ask) || self.open_at(full) <= now
    }

    fn started(&mut self, run: &Running, books: &Books) {
        let now = books.now().moment;
        let full = self.full_at(&run.ask).max(now).plus(self.step());
        self.full_at.insert(self.whose(&run.ask).to_owned(), full);
        self.tidy(now);
    }

    fn wake(&self, books: &Books) -> Option<Moment> {
        let opens = self.full_at.values().map(|full| self.open_at(*full));
        opens.filter(|at| *at > books.now().moment).min()
    }

    fn state(&self, books: &Books) -> GateState {
        let Rate { starts, per, burst, .. } = self.rate;
        let shut = self.full_at.values().filter(|f| self.open_at(**f) > books.now().moment).count();
        let text = format!("{starts} starts in {per}, bursts of {burst}; {shut} closed now");
        GateState { name: self.name(), text, budgets: Vec::new() }
    }

    fn remember(&self, books: &Books) -> Value {
        let now = books.now().moment;
        let owed = self.full_at.iter().filter(|(_, full)| **full > now);
        let ahead = |full: &Moment| Value::from(full.since(now).as_micros() as u64);
        Value::Object(owed.map(|(whose, full)| (whose.clone(), ahead(full))).collect())
    }

    fn recall(&mut self, memory: &Value, books: &Books) {
        let most = self.step() * self.rate.burst.get();
        for (whose, ahead) in memory.as_object().into_iter().flatten() {
            let ahead = Duration::from_micros(ahead.as_u64().unwrap_or(0)).min(most);
            self.full_at.insert(whose.clone(), books.now().moment.plus(ahead));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let rate: Rate = toml::from_str("starts = 1\nper = \"1m\"\nof = \"tenant\"").unwrap();
        let mut gate = RateGate::new(rate);
        for tenant in 0..=TIDY as i64 {
            gate.full_at.insert(format!("tenant {tenant}"), Moment::from_micros(tenant));
        }
        gate.tidy(Moment::from_micros(TIDY as i64 - 1));
        assert_eq!(gate.full_at.len(), 1, "all but the last are full");
        gate.full_at.insert("another".to_owned(), Moment::ZERO);
        gate.tidy(Moment::NEVER);
        assert_eq!(gate.full_at.len(), 2, "few need no tidying");
    }
}
