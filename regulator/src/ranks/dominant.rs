use serde::{Deserialize, Serialize};

use super::Weights;
use crate::{Ask, Books, Demand, Rank, Resource};

/// The tenant that holds least goes first, each measured by what it holds most of.
///
/// The dominant share of a tenant is `max over r of used(r) / budget(r)`, divided by its weight; the
/// tenant with the least goes first, and within it who came first. Needs a gate `resources`, whose
/// budget it measures by. Source: Ghodsi et al., "Dominant resource fairness", NSDI 2011.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dominant {
    /// Who gets how much.
    pub weights: Weights,
}

/// [`Dominant`] with the budget it measures by.
#[derive(Debug)]
pub struct DominantRank {
    dominant: Dominant,
    budget: Demand,
}

impl DominantRank {
    /// Measures by this budget.
    pub fn new(dominant: Dominant, budget: Demand) -> Self {
        Self { dominant, budget }
    }

    fn share(&self, tenant: &str, books: &Books) -> (f64, Resource) {
        let used = books.used_by(tenant);
        let share = |which: Resource| used.of(which) as f64 / self.budget.of(which).max(1) as f64;
        let shares = Resource::ALL.map(|which| (share(which), which));
        shares
            .into_iter()
            .fold((0.0, Resource::Cpu), |most, one| if one.0 > most.0 { one } else { most })
    }
}

impl Rank for DominantRank {
    fn name(&self) -> &'static str {
        "dominant"
    }

    fn queue<'a>(&self, ask: &'a Ask) -> &'a str {
        &ask.tenant
    }

    fn score(&self, queue: &str, books: &Books) -> f64 {
        self.share(queue, books).0 / self.dominant.weights.of(queue)
    }

    fn describe(&self, ask: &Ask, books: &Books) -> String {
        let (share, which) = self.share(&ask.tenant, books);
        let percent = 100.0 * share;
        format!(
            "least share first, where `{}` holds {percent:.0} % of the {}",
            ask.tenant,
            which.name()
        )
    }
}
