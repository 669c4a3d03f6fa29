//! F19: steady work beside a transaction that somebody left open.

use std::time::Duration;

use sqlx::PgPool;

use crate::system::Settings;

use super::{
    super::{Bench, line::Line, order::Order, submit, trial::Trial},
    Figure,
};

/// How many jobs are submitted each second.
const JOBS_PER_SECOND: u32 = 40;
/// How long everything may take to settle.
const PATIENCE: Duration = Duration::from_secs(60);
/// A shorter soak only tells; this long one judges.
const JUDGED_SECONDS: u32 = 600;

/// Submits steadily, and compares the first quarter with the last.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let mut trial = Trial::start(bench, Figure::F19, Settings::default()).await?;
    let seconds = bench.args.seconds;
    let orders = Order::many("F19", seconds * JOBS_PER_SECOND, &mut trial.dice, |key, _| {
        Order::sleep(key, 0)
    });
    let db = trial.system.database.pool().clone();
    let mut open = db.begin().await?;
    sqlx::query("set transaction isolation level repeatable read").execute(&mut *open).await?;
    sqlx::query("select count(*) from job").execute(&mut *open).await?;
    let before = memory(&trial)?;
    let spread = Duration::from_secs(seconds.into());
    submit::start(&trial.system, &trial.ledger, orders, spread).await??;
    trial.system.until_settled(PATIENCE).await?;
    let after = memory(&trial)?;
    let (first, last) = quarters(&db).await?;
    let dead = dead_rows(&db).await?;
    open.rollback().await?;
    if seconds >= JUDGED_SECONDS && last > 2.0 * first {
        trial.ledger.wrong(format!("p99 went from {first:.0} ms to {last:.0} ms"));
    }
    let result = format!("p99 {first:.0} ms, then {last:.0} ms; {dead} dead rows");
    let worst = format!("{:+} KiB", i128::from(after) - i128::from(before));
    let line = Line::of(Figure::F19, format!("{seconds} s, {JOBS_PER_SECOND} jobs/s"));
    trial.finish(Line { result, worst, ..line }).await
}

/// The time from accepted to settled that 99 of 100 stayed below, early and late, in milliseconds.
async fn quarters(db: &PgPool) -> anyhow::Result<(f64, f64)> {
    Ok(sqlx::query_as(
        r"
        with way as (
            select extract(epoch from settled_at - submitted_at)::float8 * 1000 as took,
                   ntile(4) over (order by id) as quarter
              from job
        )
        select (percentile_cont(0.99) within group (order by took) filter (where quarter = 1)),
               (percentile_cont(0.99) within group (order by took) filter (where quarter = 4))
          from way
        ",
    )
    .fetch_one(db)
    .await?)
}

async fn dead_rows(db: &PgPool) -> anyhow::Result<i64> {
    let look = "select n_dead_tup from pg_stat_user_tables where relname = 'job'";
    Ok(sqlx::query_scalar(look).fetch_one(db).await?)
}

fn memory(trial: &Trial<'_>) -> anyhow::Result<u64> {
    let nodes = trial.system.nodes.iter().filter_map(|node| node.process.as_ref());
    let processes = nodes.chain(&trial.system.web);
    processes.map(|process| Ok(process.memory()?.now)).sum()
}
