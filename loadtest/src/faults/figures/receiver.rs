//! F16: the web service is away while the node goes on.

use std::time::{Duration, Instant};

use crate::system::{Settings, Weather, until};

use super::{
    super::{Bench, journal, line::Line, order::Order, submit, trial::Trial},
    Figure,
};

/// How long jobs run: they end while the receiver is away.
const WORK_MS: u64 = 1000;
/// How many run at once.
const AT_ONCE: u32 = 64;
/// How long to wait for anything.
const PATIENCE: Duration = Duration::from_secs(120);
/// Everything is to be delivered so soon after the receiver is back.
const PROMISE: Duration = Duration::from_secs(30);

/// Lets the node run full, and then nothing it says arrives.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let settings = Settings { at_once: AT_ONCE, proxied: true, ..Settings::default() };
    let mut trial = Trial::start(bench, Figure::F16, settings).await?;
    let orders = trial.orders(|key, _| Order::sleep(key, WORK_MS));
    submit::start(&trial.system, &trial.ledger, orders, Duration::ZERO).await??;
    let db = trial.system.database.pool();
    until("jobs run", PATIENCE, async || {
        let look = "select exists (select from job where status = 'running')";
        Ok(sqlx::query_scalar::<_, bool>(look).fetch_one(db).await?.then_some(()))
    })
    .await?;
    let before = memory(&trial)?;
    let road = trial.system.to_web.as_ref();
    road.into_iter().for_each(|road| road.set(Weather::REQUESTS_LOST));
    tokio::time::sleep(Duration::from_secs(bench.args.seconds.into())).await;
    let (during, depth) = (memory(&trial)?, journal::depth(&trial.system.state("node-1"))?);
    road.into_iter().for_each(|road| road.set(Weather::FAIR));
    let begin = Instant::now();
    trial.system.until_settled(PATIENCE).await?;
    judge(&trial, begin.elapsed(), depth);
    let result = format!(
        "{depth} outcomes kept, {:+} KiB; all done {:.1} s after its return",
        i128::from(during) - i128::from(before),
        begin.elapsed().as_secs_f64(),
    );
    let count = format!("{} s, {} jobs", bench.args.seconds, bench.args.jobs);
    trial.finish(Line { result, ..Line::of(Figure::F16, count) }).await
}

fn judge(trial: &Trial<'_>, drained: Duration, depth: usize) {
    if drained > PROMISE {
        trial.ledger.wrong(format!("it took {drained:?} to deliver everything"));
    }
    // Whoever could not claim does not run: no more can end than were running.
    if depth > AT_ONCE as usize {
        trial.ledger.wrong(format!("{depth} outcomes were kept, of {AT_ONCE} that could run"));
    }
}

fn memory(trial: &Trial<'_>) -> anyhow::Result<u64> {
    let node = trial.system.nodes[0].process.as_ref();
    node.map_or(Ok(0), |process| Ok(process.memory()?.now))
}
