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

use crate::{options::Common, say, system::Crowd};

use self::{cell::Bench, scenario::Scenario, table::Table};

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
    /// A database that `fill` has filled: the scenario's full tables are there, and stay.
    #[arg(long, value_name = "URL")]
    full: Option<String>,
}

/// Measures, and prints the table.
pub(crate) async fn run(args: Args) -> anyhow::Result<bool> {
    let scenario = Scenario::read(args.scenario.as_deref())?;
    let rounds = args.rounds.unwrap_or(scenario.rounds).max(1);
    let mut bench = Bench::new(&args.common, scenario.pgbench_seconds).await?;
    if let Some(crowd) = scenario.crowd {
        bench.fill(args.chosen(crowd), args.full.clone()).await?;
    }
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    let mut table = Table::new(bench.circumstances().await?);
    for round in 1..=rounds {
        for cell in scenario.cell.iter().filter(|cell| wanted(cell.name())) {
            let title = cell.title();
            say::aside(&format!("round {round} of {rounds}: {title}"));
            table.add(&title, bench.measure(cell).await?);
            if let Some(values) = bench.measure_full(cell).await? {
                table.add(&format!("{title}, in full tables"), values);
            }
        }
    }
    table.print(args.common.json)?;
    bench.finish(&args.common).await?;
    Ok(table.lost() == 0)
}

impl Args {
    /// The crowd of the scenario, or a smaller one.
    fn chosen(&self, crowd: Crowd) -> Crowd {
        Crowd {
            unsettled: self.unsettled.unwrap_or(crowd.unsettled),
            settled: self.settled.unwrap_or(crowd.settled),
            ..crowd
        }
    }
}
