use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Ask, Books, Length, Moment, Rank};

/// Higher priority first, and nobody for ever: a level of priority is worth so much waiting.
///
/// The priority of a job is its own, with what the strategy adds for its tenant and its kind.
/// The effective priority `priority + waited / level` grows at one pace for all, so its order never
/// changes while jobs wait, and the place of a job can be a constant: `submitted − priority·level`.
/// Hence a job waits at most behind those submitted up to `level·(difference in priority)` after it.
/// Source: ageing as in every operating system's scheduler; that linear ageing needs no re-sorting
/// was seen by Kleinrock, "A delay dependent queue discipline", 1964.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Priority {
    /// How much waiting one level is worth.
    pub level: Length,
    /// How many levels the jobs of a tenant stand above the others.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tenants: BTreeMap<String, i16>,
    /// How many levels the jobs of a kind stand above the others.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, i16>,
}

impl Default for Priority {
    fn default() -> Self {
        Self { level: Length::secs(600), tenants: BTreeMap::new(), kinds: BTreeMap::new() }
    }
}

impl Priority {
    fn of(&self, ask: &Ask) -> i64 {
        let added = [self.tenants.get(&ask.tenant), self.kinds.get(&ask.kind)];
        added.into_iter().flatten().chain([&ask.priority]).map(|levels| i64::from(*levels)).sum()
    }
}

impl Rank for Priority {
    fn name(&self) -> &'static str {
        "priority"
    }

    fn place(&self, ask: &Ask, since: Moment) -> i64 {
        let level = i64::try_from(self.level.0.as_micros()).unwrap_or(i64::MAX);
        since.as_micros().saturating_sub(level.saturating_mul(self.of(ask)))
    }

    fn describe(&self, ask: &Ask, _books: &Books) -> String {
        format!("priority {}, where a level is worth {} of waiting", self.of(ask), self.level)
    }
}
