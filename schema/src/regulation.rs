//! How a node decides what may start, as it tells those who show it to people.

use serde::{Deserialize, Serialize};

/// Whether anything may start at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As the strategy says.
    Open,
    /// Nothing starts; new jobs are taken in to wait.
    Paused,
    /// Nothing starts and nothing new is taken in.
    Draining,
}

/// How a node's regulator stands. A newer node may tell more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regulation {
    /// Whether anything may start.
    pub mode: Mode,
    /// How many jobs run.
    pub running: u64,
    /// How many wait, without those set aside.
    pub waiting: u64,
    /// How many the strategy can never start.
    pub set_aside: u64,
    /// How each gate stands.
    pub gates: Vec<GateReport>,
    /// The strategy in force.
    #[serde(flatten)]
    pub text: StrategyText,
}

/// A strategy as people read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrategyText {
    /// As it is written; older nodes do not tell.
    #[serde(default)]
    pub toml: String,
    /// What it does, a sentence for each of its parts.
    #[serde(default)]
    pub words: Vec<String>,
}

/// How one gate stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateReport {
    /// Its name in strategies.
    pub name: String,
    /// How it stands, in words.
    pub text: String,
    /// What it gives out.
    #[serde(default)]
    pub budgets: Vec<BudgetReport>,
}

/// How much of a budget is in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetReport {
    /// Of what: `slots`, `cpu_milli`, `memory`, `scratch`, `io`.
    pub name: String,
    /// How much is in use.
    pub used: u64,
    /// How much there is.
    pub capacity: u64,
}
