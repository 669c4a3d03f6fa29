//! F8: how soon a job runs again after its node was killed.

use std::time::{Duration, Instant};

use schema::JobId;
use sqlx::PgPool;

use crate::system::{Settings, until};

use super::{
    super::{Bench, campaign, line::Line, order::Order, submit, trial::Trial},
    Figure,
};

/// How long a job runs: long enough to be killed in the middle.
const WORK_MS: u64 = 700;
/// How long to wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// By default a job is to run again within this.
const PROMISE: Duration = Duration::from_secs(10);

/// Kills the node in the middle of one job after the other.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let mut trial = Trial::start(bench, Figure::F8, Settings::default()).await?;
    let mut times = Vec::new();
    for round in 0..bench.args.faults {
        times.push(once(&mut trial, round).await?);
    }
    times.sort_unstable();
    let longest = times.last().copied().unwrap_or_default();
    if longest > PROMISE {
        trial.ledger.wrong(format!("a job ran again only after {longest:?}"));
    }
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let line = Line::of(Figure::F8, format!("{} kills", bench.args.faults));
    let result = format!("p50 {} ms; a node that stays away: not yet", median.as_millis());
    let worst = format!("{} ms", longest.as_millis());
    trial.finish(Line { result, worst, ..line }).await
}

async fn once(trial: &mut Trial<'_>, round: u32) -> anyhow::Result<Duration> {
    let key = format!("F8-{round}");
    let order = Order::sleep(key.clone(), WORK_MS);
    submit::start(&trial.system, &trial.ledger, vec![order], Duration::ZERO).await??;
    let known = trial.ledger.entries().accepted.get(&key).copied();
    let Some((id, _)) = known else { anyhow::bail!("{key} was not accepted") };
    until_attempt(trial.system.database.pool(), id, 1).await?;
    tokio::time::sleep(trial.dice.millis(0, WORK_MS / 2)).await;
    let begin = Instant::now();
    campaign::kill_node(&mut trial.system, 0)?;
    until_attempt(trial.system.database.pool(), id, 2).await?;
    let took = begin.elapsed();
    trial.system.until_settled(PATIENCE).await?;
    Ok(took)
}

async fn until_attempt(db: &PgPool, id: JobId, attempt: i32) -> anyhow::Result<()> {
    until("the job runs", PATIENCE, async || {
        let look = "select attempt = $2 from job where id = $1";
        let is: bool = sqlx::query_scalar(look).bind(id.0).bind(attempt).fetch_one(db).await?;
        Ok(is.then_some(()))
    })
    .await
}
