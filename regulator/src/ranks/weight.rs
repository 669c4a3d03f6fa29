use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How much of the node each tenant should have, relative to the others; 1 for those not named.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Weights(BTreeMap<String, Weight>);

/// More than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64")]
struct Weight(f64);

impl TryFrom<f64> for Weight {
    type Error = &'static str;

    fn try_from(weight: f64) -> Result<Self, &'static str> {
        let allowed = (1e-6..=1e6).contains(&weight);
        allowed.then_some(Self(weight)).ok_or("a weight is a number from 0.000001 to 1000000")
    }
}

impl Weights {
    /// The tenants that are named, each with its weight.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(tenant, weight)| (tenant.as_str(), weight.0))
    }

    /// The weight of a tenant.
    pub fn of(&self, tenant: &str) -> f64 {
        self.0.get(tenant).map_or(1.0, |weight| weight.0)
    }
}
