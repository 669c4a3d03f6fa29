use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Weights;
use crate::{Ask, Books, Rank, Running};

/// Each tenant its share, by weight: start-time fair queueing.
///
/// Each tenant has a tag, and the tenant with the least goes first. When its job starts,
/// `V ← max(V, tag)` and `tag ← tag + cost / weight`; a tenant that comes back after a pause starts
/// at `max(V, tag)`, so that it neither saves up nor owes. Two tenants that always have jobs waiting
/// are at any time within one largest job each of their shares. Charged by `time`, a start is
/// charged the expected core-seconds, and the end corrects it. Within a tenant: first come, first
/// served.
///
/// Source: Goyal, Vin, Cheng, "Start-time fair queuing", IEEE/ACM ToN 5(5), 1997; with many servers,
/// SFQ(D): Jin, Chase, Kaur, SIGMETRICS 2004.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fair {
    /// Who gets how much.
    pub weights: Weights,
    /// Of what each gets its share.
    pub charge: Charge,
}

/// What a start costs a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    /// Core-seconds, expected and then as they were; a job without a guess counts a minute.
    #[default]
    Time,
    /// Bytes of input.
    Size,
    /// One.
    Jobs,
}

const GUESS: Duration = Duration::from_secs(60);
/// How many tenants are kept before those that neither saved up nor owe are forgotten.
const TIDY: usize = 4096;

impl Charge {
    fn cost(self, run: &Running, ran: Option<Duration>) -> f64 {
        let cores = run.demand.cpu_milli.max(1000) as f64 / 1000.0;
        match self {
            Self::Time => ran.or(run.runtime).unwrap_or(GUESS).as_secs_f64() * cores,
            Self::Size => run.ask.size.max(1) as f64,
            Self::Jobs => 1.0,
        }
    }
}

/// [`Fair`] with the tags of the tenants.
#[derive(Debug)]
pub struct FairRank {
    fair: Fair,
    virtual_time: f64,
    tags: HashMap<String, f64>,
    tidy_at: usize,
}

impl FairRank {
    /// Everyone at zero.
    pub fn new(fair: Fair) -> Self {
        Self { fair, virtual_time: 0.0, tags: HashMap::new(), tidy_at: TIDY }
    }

    fn tag(&self, tenant: &str) -> f64 {
        self.tags.get(tenant).copied().unwrap_or(self.virtual_time)
    }

    fn charge(&mut self, tenant: &str, cost: f64) {
        let tag = self.tag(tenant) + cost / self.fair.weights.of(tenant);
        self.tags.insert(tenant.to_owned(), tag);
    }

    /// Forgets tenants whose tag is past: coming back, they would start at the virtual time anyway.
    fn tidy(&mut self) {
        if self.tags.len() > self.tidy_at {
            let past = self.virtual_time;
            self.tags.retain(|_, tag| *tag >= past);
            self.tidy_at = TIDY.max(2 * self.tags.len());
        }
    }
}

impl Rank for FairRank {
    fn name(&self) -> &'static str {
        "fair"
    }

    fn queue<'a>(&self, ask: &'a Ask) -> &'a str {
        &ask.tenant
    }

    fn score(&self, queue: &str, _books: &Books) -> f64 {
        self.tag(queue)
    }

    fn joined(&mut self, queue: &str) {
        let tag = self.tag(queue).max(self.virtual_time);
        self.tidy();
        self.tags.insert(queue.to_owned(), tag);
    }

    fn started(&mut self, queue: &str, run: &Running) {
        self.virtual_time = self.virtual_time.max(self.tag(queue));
        self.charge(queue, self.fair.charge.cost(run, None));
    }

    fn finished(&mut self, queue: &str, run: &Running, ran: Duration) {
        let charge = self.fair.charge;
        self.charge(queue, charge.cost(run, Some(ran)) - charge.cost(run, None));
    }

    fn describe(&self, ask: &Ask, _books: &Books) -> String {
        let weight = self.fair.weights.of(&ask.tenant);
        format!("by shares of the node, where `{}` has weight {weight}", ask.tenant)
    }

    fn remember(&self) -> Value {
        json!({ "virtual_time": self.virtual_time, "tags": self.tags })
    }

    fn recall(&mut self, memory: &Value) {
        let number = |value: &Value| value.as_f64().filter(|number| number.is_finite());
        self.virtual_time = number(&memory["virtual_time"]).unwrap_or(0.0);
        let tags = memory["tags"].as_object().into_iter().flatten();
        self.tags = tags.filter_map(|(who, tag)| Some((who.clone(), number(tag)?))).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_whose_turn_is_past_are_forgotten_and_those_who_owe_are_not() {
        let mut rank = FairRank::new(Fair::default());
        rank.charge("owes", 100.0);
        for tenant in 0..TIDY {
            rank.joined(&format!("tenant {tenant}"));
        }
        assert_eq!(rank.tags.len(), 1 + TIDY, "so many are kept");
        rank.virtual_time = 50.0;
        rank.joined("one more");
        assert_eq!(rank.tags.keys().collect::<Vec<_>>().len(), 2);
        assert_eq!((rank.tag("owes"), rank.tag("one more")), (100.0, 50.0));
    }

    #[test]
    fn those_who_owe_are_looked_through_again_only_once_they_are_twice_as_many() {
        let mut rank = FairRank::new(Fair::default());
        for tenant in 0..=TIDY {
            rank.charge(&format!("tenant {tenant}"), 100.0);
        }
        rank.tidy();
        assert_eq!((rank.tags.len(), rank.tidy_at), (TIDY + 1, 2 * (TIDY + 1)));
    }
}
