use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::gate::jobs;
use crate::{Blocker, Books, Facet, Gate, GateState, Lift, Reach, Want};

/// At most so many at once of one key, kind or tenant: start if `count(value) < at_once`.
///
/// By default one of each key, so that two loads of one data set never meet; jobs without a key
/// pass. Source: the advisory lock of every careful loader, and the per-key concurrency of job
/// queues. A job whose key is busy leaves the line until a job of that key ends, so it costs a
/// search nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keyed {
    /// What is counted.
    pub by: By,
    /// How many of one value may run at once.
    pub at_once: NonZeroU32,
}

/// What a [`Keyed`] gate counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The serialisation key.
    #[default]
    Key,
    /// The sort of work.
    Kind,
    /// The crop or user.
    Tenant,
}

impl Default for Keyed {
    fn default() -> Self {
        Self { by: By::Key, at_once: NonZeroU32::MIN }
    }
}

impl Keyed {
    fn facet(&self) -> Facet {
        match self.by {
            By::Key => Facet::Key,
            By::Kind => Facet::Kind,
            By::Tenant => Facet::Tenant,
        }
    }

    fn word(&self) -> &'static str {
        match self.by {
            By::Key => "key",
            By::Kind => "kind",
            By::Tenant => "tenant",
        }
    }

    fn at_once(&self) -> u64 {
        u64::from(self.at_once.get())
    }
}

impl Gate for Keyed {
    fn name(&self) -> &'static str {
        "keyed"
    }

    fn reach(&self) -> Reach {
        Reach::Same(self.facet())
    }

    fn admits(&self, want: &Want<'_>, books: &Books) -> bool {
        let value = self.facet().of(want.ask);
        value.is_none_or(|value| books.count(self.facet(), value) < self.at_once())
    }

    fn blockers(&self, want: &Want<'_>, books: &Books) -> Vec<Blocker> {
        let Some(value) = self.facet().of(want.ask).filter(|_| !self.admits(want, books)) else {
            return Vec::new();
        };
        let same = |run: &crate::Running| self.facet().of(&run.ask) == Some(value);
        let holders = books.holders(|_| 0, same);
        let (count, limit) = (books.count(self.facet(), value), self.at_once());
        let who = jobs(&holders);
        vec![Blocker {
            gate: self.name().to_owned(),
            code: self.word().to_owned(),
            text: format!("waits for its {} `{value}`; {count} of {limit} run: {who}", self.word()),
            holders,
            lifts: Lift::JobsEnd,
            expected: books.first_end(same),
        }]
    }

    fn leaves_room(&self, head: &Want<'_>, other: &Want<'_>, books: &Books) -> bool {
        let value = self.facet().of(head.ask);
        let shared = value.filter(|_| value == self.facet().of(other.ask));
        shared.is_none_or(|value| books.count(self.facet(), value) + 2 <= self.at_once())
    }

    fn state(&self, _books: &Books) -> GateState {
        let text = format!("{} at once of one {}", self.at_once, self.word());
        GateState { name: self.name(), text, budgets: Vec::new() }
    }
}
