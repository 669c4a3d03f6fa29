//! Figures that submit jobs while a plan of faults is carried out.

use std::time::Duration;

use crate::system::{Settings, Weather};

use super::{
    super::{
        Bench,
        line::Line,
        order::Order,
        plan::{self, Kind},
        trial::Trial,
    },
    Figure,
};

/// Everything that can be broken without breaking the database server.
const ALL: [Kind; 6] =
    [Kind::KillNode, Kind::KillWeb, Kind::Stop, Kind::Partition, Kind::Storm, Kind::Starve];
/// How long jobs are submitted in bad weather: so many a second.
const JOBS_PER_SECOND: u32 = 40;

/// Everything at random; the database too, if it is ours.
pub(super) async fn mix(bench: &Bench) -> anyhow::Result<Line> {
    let mut kinds = ALL.to_vec();
    if bench.cluster.is_own() {
        kinds.push(Kind::RestartDatabase);
    }
    run(bench, Figure::Mix, &kinds).await
}

/// Faults of these kinds.
pub(super) async fn run(bench: &Bench, figure: Figure, kinds: &[Kind]) -> anyhow::Result<Line> {
    let mut trial = Trial::start(bench, figure, settings(bench)).await?;
    let orders = trial.orders(Order::mixed);
    let steps = plan::make(&mut trial.dice, kinds, bench.args.nodes, bench.args.faults);
    let converged = trial.run(orders, &steps).await?;
    let count = format!("{} faults, {} jobs", bench.args.faults, bench.args.jobs);
    let worst = worst(&trial, converged);
    trial.finish(Line { worst, ..Line::of(figure, count) }).await
}

/// Bad weather from the first job to the last.
pub(super) async fn weather(bench: &Bench) -> anyhow::Result<Line> {
    let mut trial = Trial::start(bench, Figure::F6, settings(bench)).await?;
    let roads = || {
        let nodes = trial.system.nodes.iter().filter_map(|node| node.to_node.as_ref());
        nodes.chain(&trial.system.to_web)
    };
    roads().for_each(|road| road.set(Weather::STORM));
    let orders = trial.orders(Order::mixed);
    let pause = Duration::from_secs((bench.args.jobs / JOBS_PER_SECOND).into());
    let still = plan::Step { pause, fault: plan::Fault::Starve(Duration::ZERO) };
    let converged = trial.run(orders, &[still]).await?;
    let nodes = trial.system.nodes.iter().filter_map(|node| node.to_node.as_ref());
    let counts: Vec<_> = nodes.chain(&trial.system.to_web).map(|road| road.counts()).collect();
    let (all, harmed) = counts.iter().fold((0, 0), |sum, road| (sum.0 + road.0, sum.1 + road.1));
    let count = format!("{harmed} of {all} requests, {} jobs", bench.args.jobs);
    let worst = worst(&trial, converged);
    trial.finish(Line { worst, ..Line::of(Figure::F6, count) }).await
}

fn settings(bench: &Bench) -> Settings {
    Settings { nodes: bench.args.nodes, proxied: true, ..Settings::default() }
}

fn worst(trial: &Trial<'_>, converged: Duration) -> String {
    let entries = trial.ledger.entries();
    let mut worst = format!("all {:.1} s after the last", converged.as_secs_f64());
    if let Some(outage) = entries.outages.iter().max() {
        worst += &format!(", database away for {:.1} s", outage.as_secs_f64());
    }
    if let Some(recovery) = entries.recoveries.iter().max() {
        worst += &format!(", {:.2} s to be back or gone", recovery.as_secs_f64());
    }
    worst
}
