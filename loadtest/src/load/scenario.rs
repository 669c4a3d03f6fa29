//! What is to be measured, as a file says it.

use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::system::Crowd;

/// What is measured when nobody says.
const TARGETS: &str = include_str!("../../scenarios/targets.toml");

/// A list of measurements.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    /// How often each is measured.
    pub(super) rounds: u32,
    /// How long pgbench runs before and after each.
    pub(super) pgbench_seconds: u32,
    /// Jobs that are in the tables already: each is measured without them, and beside them.
    #[serde(default)]
    pub(super) crowd: Option<Crowd>,
    /// The measurements.
    pub(super) cell: Vec<Cell>,
}

/// One measurement.
#[derive(Debug, Deserialize)]
#[serde(tag = "measure", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Cell {
    /// `POST /instruction` as fast as the clients can, with nobody to execute anything.
    Accept { clients: u32, requests: u32 },
    /// The same, with so many instructions in each request.
    Bulk { clients: u32, requests: u32, rows: u32 },
    /// The same as `Accept` with a node, to the last settled job.
    EndToEnd { clients: u32, jobs: u32 },
    /// From accepted to running, with hardly anything to do.
    Latency { per_second: u32, jobs: u32 },
    /// Requests at their own times, whether or not the earlier ones were answered.
    Open { per_second: u32, jobs: u32 },
    /// The start of a node that has many jobs waiting.
    Replay { jobs: u32, patience_seconds: u32 },
}

impl Scenario {
    /// Reads a file; the targets of this project without one.
    pub(super) fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(toml::from_str(TARGETS)?) };
        let text = std::fs::read_to_string(path);
        let text = text.with_context(|| format!("read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("understand {}", path.display()))
    }
}

impl Cell {
    /// The word that chooses it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Accept { .. } => "accept",
            Self::Bulk { .. } => "bulk",
            Self::EndToEnd { .. } => "end_to_end",
            Self::Latency { .. } => "latency",
            Self::Open { .. } => "open",
            Self::Replay { .. } => "replay",
        }
    }

    /// How many clients it has, if that is part of what it is.
    pub(super) const fn clients(&self) -> Option<u32> {
        match *self {
            Self::Accept { clients, .. }
            | Self::Bulk { clients, .. }
            | Self::EndToEnd { clients, .. } => Some(clients),
            Self::Latency { .. } | Self::Open { .. } | Self::Replay { .. } => None,
        }
    }

    /// What it measures, for people.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Accept { clients, requests } => {
                format!("accept: {requests} requests, {clients} clients")
            }
            Self::Bulk { clients, requests, rows } => {
                format!("bulk: {requests} requests of {rows}, {clients} clients")
            }
            Self::EndToEnd { clients, jobs } => {
                format!("end to end: {jobs} jobs, {clients} clients")
            }
            Self::Latency { per_second, jobs } => {
                format!("accepted to running: {jobs} jobs, {per_second}/s")
            }
            Self::Open { per_second, jobs } => {
                format!("open loop: {jobs} jobs, {per_second}/s")
            }
            Self::Replay { jobs, .. } => format!("replay at start: {jobs} jobs"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scenarios_that_come_along_can_be_read() {
        assert_eq!(Scenario::read(None).unwrap().cell.len(), 6);
        let crowded = include_str!("../../scenarios/crowded.toml");
        assert_eq!(toml::from_str::<Scenario>(crowded).unwrap().crowd.unwrap().settled, 10_000_000);
        let smoke = include_str!("../../scenarios/smoke.toml");
        assert_eq!(toml::from_str::<Scenario>(smoke).unwrap().rounds, 1);
    }

    #[test]
    fn a_slip_of_the_pen_is_refused() {
        let text = "rounds = 1\npgbench_seconds = 1\n[[cell]]\nmeasure = \"replay\"\njob = 1\n";
        assert!(toml::from_str::<Scenario>(text).is_err());
    }
}
