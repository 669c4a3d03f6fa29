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

use crate::{options::Common, say, system::preload::Crowd};

use self::{
    cell::Bench,
    scenario::{Cell, Scenario},
    table::Table,
};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// What to measure, and how much of it; the targets of this project when absent.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Only these measurements: accept, bulk, end_to_end, latency, open, replay.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How often each is measured.
    #[arg(long)]
    rounds: Option<u32>,
    /// How many settled jobs are in the tables, where the scenario wants any.
    #[arg(long)]
    settled: Option<u32>,
    /// How many unsettled jobs are in the tables, where the scenario wants any.
    #[arg(long)]
    unsettled: Option<u32>,
}

/// Measures, and prints the table.
pub(crate) async fn run(args: Args) -> anyhow::Result<bool> {
    let scenario = Scenario::read(args.scenario.as_deref())?;
    let rounds = args.rounds.unwrap_or(scenario.rounds).max(1);
    let bench = Bench::new(&args.common, scenario.pgbench_seconds).await?;
    let crowds = crowds(scenario.crowd, &args);
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    let mut table = Table::new(bench.circumstances().await?);
    for round in 1..=rounds {
        for cell in scenario.cell.iter().filter(|cell| wanted(cell.name())) {
            for &crowd in &crowds {
                let title = title(cell, crowd);
                say::aside(&format!("round {round} of {rounds}: {title}"));
                table.add(&title, bench.measure(cell, crowd).await?);
            }
        }
    }
    table.print(args.common.json)?;
    bench.finish(&args.common).await?;
    Ok(table.lost() == 0)
}

/// Beside whom to measure: nobody, and whom the scenario names.
fn crowds(crowd: Option<Crowd>, args: &Args) -> Vec<Option<Crowd>> {
    let crowd = crowd.map(|crowd| Crowd {
        unsettled: args.unsettled.unwrap_or(crowd.unsettled),
        settled: args.settled.unwrap_or(crowd.settled),
    });
    std::iter::once(None).chain(crowd.map(Some)).collect()
}

fn title(cell: &Cell, crowd: Option<Crowd>) -> String {
    let beside = crowd.map(|Crowd { unsettled, settled }| {
        format!(", beside {unsettled} unsettled and {settled} settled jobs")
    });
    cell.title() + &beside.unwrap_or_default()
}
