//! F8: how soon a job runs again after its node was killed.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use schema::JobId;
use sqlx::PgPool;

use crate::system::{Settings, until};

use super::{
    super::{
        Bench,
        line::{Line, Verdict},
        order::Order,
        submit,
        trial::Trial,
    },
    Figure,
};

/// How long a job runs: long enough to be killed in the middle.
const WORK_MS: u64 = 700;
/// How long to wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// By default a job is to run again within this.
const PROMISE: Duration = Duration::from_secs(10);
/// The same with a lease of this many seconds.
const TUNED_PROMISE: Duration = Duration::from_secs(2);
const TUNED_LEASE_SECONDS: u32 = 1;
/// One kill in so many is of a node that stays away, with the usual lease: each takes long.
const USUAL_EVERY: u32 = 5;

/// Kills the node in the middle of one job after the other: it comes back at once, or it stays away
/// and another has the lease to wait for, of the usual length and of a short one.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let (kills, usual) = (bench.args.faults, bench.args.faults.div_ceil(USUAL_EVERY));
    let back = Settings::default();
    let away = Settings { nodes: 2, ..Settings::default() };
    let tuned = Settings { lease_seconds: TUNED_LEASE_SECONDS, ..away.clone() };
    let lines = [
        times(bench, back, kills, PROMISE).await?,
        times(bench, away, usual, PROMISE).await?,
        times(bench, tuned, kills, TUNED_PROMISE).await?,
    ];
    let broken = lines.iter().find(|line| line.verdict == Verdict::Broken).cloned();
    let told = |of: fn(&Line) -> &str| {
        let ways = ["back at once: ", "away: ", "away, 1 s lease: "];
        let told = ways.into_iter().zip(&lines).map(|(way, line)| format!("{way}{}", of(line)));
        told.collect::<Vec<_>>().join("; ")
    };
    let (result, worst) = (told(|line| &line.result), told(|line| &line.worst));
    let count = format!("{kills}, {usual} and {kills} kills");
    let verdict = broken.map_or(Verdict::Held, |line| line.verdict);
    Ok(Line { verdict, result, worst, ..Line::of(Figure::F8, count) })
}

/// How soon jobs run again in such a system; a node stays away if there is another.
async fn times(
    bench: &Bench,
    settings: Settings,
    kills: u32,
    promise: Duration,
) -> anyhow::Result<Line> {
    let mut trial = Trial::start(bench, Figure::F8, settings).await?;
    let mut times = Vec::new();
    for round in 0..kills {
        times.push(once(&mut trial, round).await?);
    }
    times.sort_unstable();
    let longest = times.last().copied().unwrap_or_default();
    if longest > promise {
        trial.ledger.wrong(format!("a job ran again only after {longest:?}"));
    }
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let line = Line::of(Figure::F8, "");
    let line = trial.finish(line).await?;
    let result = match line.verdict {
        Verdict::Broken => line.result.clone(),
        _ => format!("p50 {} ms", median.as_millis()),
    };
    Ok(Line { result, worst: format!("{} ms", longest.as_millis()), ..line })
}

async fn once(trial: &mut Trial<'_>, round: u32) -> anyhow::Result<Duration> {
    let key = format!("F8-{round}");
    let order = Order::sleep(key.clone(), WORK_MS);
    submit::start(&trial.system, &trial.ledger, vec![order], Duration::ZERO).await??;
    let known = trial.ledger.entries().accepted.get(&key).copied();
    let Some((id, _)) = known else { anyhow::bail!("{key} was not accepted") };
    until_attempt(trial.system.database.pool(), id, 1).await?;
    tokio::time::sleep(trial.dice.millis(0, WORK_MS / 2)).await;
    let node = runs_on(trial, id).await?;
    let begin = Instant::now();
    if let Some(process) = trial.system.nodes[node].process.take() {
        process.kill()?;
    }
    if trial.system.nodes.len() == 1 {
        trial.system.start_node(node)?;
    }
    until_attempt(trial.system.database.pool(), id, 2).await?;
    let took = begin.elapsed();
    if trial.system.nodes.len() > 1 {
        trial.system.start_node(node)?;
    }
    trial.system.until_node_is_ready(node).await?;
    trial.system.until_settled(PATIENCE).await?;
    Ok(took)
}

/// Which node has the job.
async fn runs_on(trial: &Trial<'_>, id: JobId) -> anyhow::Result<usize> {
    let look = sqlx::query_scalar("select node from job where id = $1").bind(id.0);
    let name: String = look.fetch_one(trial.system.database.pool()).await?;
    let place = trial.system.nodes.iter().position(|node| node.name == name);
    place.with_context(|| format!("there is no node {name}"))
}

async fn until_attempt(db: &PgPool, id: JobId, attempt: i32) -> anyhow::Result<()> {
    until("the job runs", PATIENCE, async || {
        let look = "select attempt = $2 and status <> 'submitted' from job where id = $1";
        let is: bool = sqlx::query_scalar(look).bind(id.0).bind(attempt).fetch_one(db).await?;
        Ok(is.then_some(()))
    })
    .await
}
