use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::gates::{
    Adaptive, AdaptiveGate, Fixed, Keyed, PressureGate, PressureLimits, Rate, RateGate, Resources,
    Window,
};
use crate::ranks::{Dominant, DominantRank, Fair, FairRank, Fifo, Priority};
use crate::{Demand, Gate, Learned, Rank};

/// What an operator writes down: one rank, any gates, and what goes with them.
///
/// ```
/// let strategy = regulator::Strategy::from_toml("gates = [{ fixed = { at_once = 4 } }]")?;
/// let wrong = regulator::Strategy::from_toml("gates = [\n  { fixed = { at_once = 0 } },\n]");
/// assert_eq!(wrong.unwrap_err().line, Some(2));
/// # Ok::<(), regulator::StrategyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Draft")]
pub struct Strategy {
    pub(crate) rank: RankSpec,
    pub(crate) gates: Vec<GateSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backfill: Option<Backfill>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) learned: Option<Learned>,
}

/// A strategy as written, before it is known to make sense.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    #[serde(default)]
    rank: RankSpec,
    gates: Vec<GateSpec>,
    backfill: Option<Backfill>,
    learned: Option<Learned>,
}

/// Which order, with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RankSpec {
    #[default]
    Fifo,
    Priority(Priority),
    Fair(Fair),
    Dominant(Dominant),
}

/// Which rule, with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GateSpec {
    Fixed(Fixed),
    Resources(Resources),
    Keyed(Keyed),
    Rate(Rate),
    Window(Window),
    Pressure(PressureLimits),
    Adaptive(Adaptive),
}

/// Lets jobs past a head of the line that has no room yet, if that does not delay it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backfill {
    /// How many jobs behind the head are looked at.
    pub depth: NonZeroU32,
}

impl Default for Backfill {
    fn default() -> Self {
        Self { depth: NonZeroU32::new(50).expect("fifty is not zero") }
    }
}

/// Why a strategy is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct StrategyError {
    /// The line at fault, from 1.
    pub line: Option<usize>,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl StrategyError {
    /// What is wrong with the whole has no place of its own: the field it names first is blamed.
    fn new(text: &str, line: Option<usize>, message: &str) -> Self {
        let named = || {
            let field = message.split('`').nth(1)?;
            let begins =
                |line: &str| line.trim_start_matches(['[', '{', '"', ' ']).starts_with(field);
            Some(1 + text.lines().position(begins)?)
        };
        Self { line: line.or_else(named), message: message.to_owned() }
    }
}

impl Default for Strategy {
    fn default() -> Self {
        Self::at_once(NonZeroU32::new(2).expect("two is not zero"))
    }
}

impl Strategy {
    /// First come, first served, so many at once.
    pub fn at_once(at_once: NonZeroU32) -> Self {
        Self {
            rank: RankSpec::Fifo,
            gates: vec![GateSpec::Fixed(Fixed { at_once })],
            backfill: None,
            learned: None,
        }
    }

    /// Reads a strategy file.
    pub fn from_toml(text: &str) -> Result<Self, StrategyError> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
            StrategyError::new(text, line, error.message())
        })
    }

    /// Reads a strategy sent as JSON.
    pub fn from_json(text: &str) -> Result<Self, StrategyError> {
        serde_json::from_str(text).map_err(|error: serde_json::Error| {
            let message = error.to_string();
            let place = format!(" at line {} column {}", error.line(), error.column());
            let line = Some(error.line()).filter(|line| *line > 0);
            StrategyError::new(text, line, message.strip_suffix(&place).unwrap_or(&message))
        })
    }

    /// Writes it as a strategy file.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a strategy has only tables, text and numbers")
    }

    pub(crate) fn rank(&self) -> Box<dyn Rank> {
        match &self.rank {
            RankSpec::Fifo => Box::new(Fifo),
            RankSpec::Priority(priority) => Box::new(priority.clone()),
            RankSpec::Fair(fair) => Box::new(FairRank::new(fair.clone())),
            RankSpec::Dominant(dominant) => {
                let budget = self.budget().unwrap_or(Demand::UNBOUNDED);
                Box::new(DominantRank::new(dominant.clone(), budget))
            }
        }
    }

    fn budget(&self) -> Option<Demand> {
        budget(&self.gates)
    }

    pub(crate) fn gates(&self) -> Vec<Box<dyn Gate>> {
        self.gates.iter().map(GateSpec::gate).collect()
    }
}

impl GateSpec {
    fn gate(&self) -> Box<dyn Gate> {
        match self {
            Self::Fixed(fixed) => Box::new(*fixed),
            Self::Resources(resources) => Box::new(*resources),
            Self::Keyed(keyed) => Box::new(*keyed),
            Self::Rate(rate) => Box::new(RateGate::new(*rate)),
            Self::Window(window) => Box::new(window.clone()),
            Self::Pressure(limits) => Box::new(PressureGate::new(*limits)),
            Self::Adaptive(adaptive) => Box::new(AdaptiveGate::new(*adaptive)),
        }
    }

    /// Whether it bounds how much runs at once.
    fn bounds(&self) -> bool {
        matches!(self, Self::Fixed(_) | Self::Resources(_) | Self::Adaptive(_))
    }
}

/// The budget of the first gate `resources`.
fn budget(gates: &[GateSpec]) -> Option<Demand> {
    gates.iter().find_map(|gate| match gate {
        GateSpec::Resources(resources) => Some(resources.capacity()),
        _ => None,
    })
}

impl TryFrom<Draft> for Strategy {
    type Error = &'static str;

    fn try_from(draft: Draft) -> Result<Self, &'static str> {
        let Draft { rank, gates, backfill, learned } = draft;
        if !gates.iter().any(GateSpec::bounds) {
            return Err("`gates` bound nothing; something must bound how much runs at once: \
                        add a gate `fixed`, `resources` or `adaptive`");
        }
        if matches!(rank, RankSpec::Dominant(_)) && budget(&gates).is_none() {
            return Err("`rank`: `dominant` measures by a budget; add a gate `resources`");
        }
        Ok(Self { rank, gates, backfill, learned })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_is_the_same_after_writing_and_reading() {
        let strategy = Strategy::default();
        assert_eq!(Strategy::from_toml(&strategy.to_toml()), Ok(strategy.clone()));
        let json = serde_json::to_string(&strategy).unwrap();
        assert_eq!(Strategy::from_json(&json), Ok(strategy));
    }

    #[test]
    fn a_wrong_strategy_is_refused_with_its_line_and_what_is_allowed() {
        let error = Strategy::from_toml("rank = \"fifo\"\ngates = [\n{ fixd = { at_once = 1 } }]");
        let error = error.unwrap_err();
        assert_eq!(error.line, Some(3));
        assert!(error.message.contains("fixd") && error.message.contains("fixed"), "{error}");
        let error = Strategy::from_json("{\"gates\":\n[{\"fixed\": {\"at_most\": 1}}]}");
        let error = error.unwrap_err();
        assert_eq!(error.line, Some(2));
        assert!(error.message.contains("at_once"), "{error}");
        let error = Strategy::from_toml("gates = []").unwrap_err();
        assert!(error.message.contains("something must bound"), "{error}");
    }
}
