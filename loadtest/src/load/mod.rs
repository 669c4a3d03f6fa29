//! How much the system carries, as ratios to what the database can do at best in the same minute.

mod audit;
mod baseline;
mod cell;
mod counters;
mod generator;
mod latency;
mod replay;
mod scenario;
mod table;

use std::path::PathBuf;

use crate::{options::Common, say};

use self::{cell::Bench, scenario::Scenario, table::Table};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// What to measure, and how much of it; the targets of this project when absent.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Only these measurements: accept, end_to_end, latency, open, replay.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How often each is measured.
    #[arg(long)]
    rounds: Option<u32>,
}

/// Measures, and prints the table.
pub(crate) async fn run(args: Args) -> anyhow::Result<bool> {
    let scenario = Scenario::read(args.scenario.as_deref())?;
    let rounds = args.rounds.unwrap_or(scenario.rounds).max(1);
    let bench = Bench::new(&args.common, scenario.pgbench_seconds).await?;
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    let mut table = Table::new(bench.circumstances().await?);
    for round in 1..=rounds {
        for cell in scenario.cell.iter().filter(|cell| wanted(cell.name())) {
            say::aside(&format!("round {round} of {rounds}: {}", cell.title()));
            table.add(&cell.title(), bench.measure(cell).await?);
        }
    }
    table.print(args.common.json)?;
    bench.finish(&args.common).await?;
    Ok(table.lost() == 0)
}
