//! F9: a node that starts with many jobs waiting.

use std::time::{Duration, Instant};

use crate::system::{Settings, preload, until};

use super::{
    super::{
        Bench,
        line::{Line, Verdict},
        trial::Trial,
    },
    Figure,
};

/// How long the first job, and all of them, may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Starts a node that runs one job at a time, and looks in which order.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let settings = Settings { at_once: 1, ..Settings::default() };
    let mut trial = Trial::make(bench, Figure::F9, settings).await?;
    trial.system.start_web()?;
    trial.system.until_web_is_ready().await?;
    let db = trial.system.database.pool();
    preload::jobs(db, bench.args.jobs, 0).await?;
    let begin = Instant::now();
    trial.system.start_node(0)?;
    let db = trial.system.database.pool();
    until("the first job runs", PATIENCE, async || {
        let look = "select exists (select from job where attempt > 0)";
        Ok(sqlx::query_scalar::<_, bool>(look).fetch_one(db).await?.then_some(()))
    })
    .await?;
    let first = begin.elapsed();
    trial.system.until_settled(PATIENCE).await?;
    let all = begin.elapsed();
    let overtaken: i64 = sqlx::query_scalar(
        "select count(*) from (select started_at < lag(started_at) over (order by id) as early \
         from job) as way where early",
    )
    .fetch_one(db)
    .await?;
    if overtaken > 0 {
        trial.ledger.wrong(format!("{overtaken} jobs ran before older ones"));
    }
    let line = Line::of(Figure::F9, format!("{} waiting", bench.args.jobs));
    let result = format!(
        "first running after {} ms, all settled after {:.1} s, in order",
        first.as_millis(),
        all.as_secs_f64()
    );
    let alone = trial.finish(Line { result, ..line }).await?;
    let together = together(bench).await?;
    let result = format!("{}; two nodes: {}", alone.result, together.result);
    let broken = together.verdict == Verdict::Broken;
    Ok(Line { result, verdict: if broken { Verdict::Broken } else { alone.verdict }, ..alone })
}

/// Two nodes start together: some jobs wait on either, some on nobody. Each has one owner.
async fn together(bench: &Bench) -> anyhow::Result<Line> {
    let settings = Settings { nodes: 2, ..Settings::default() };
    let mut trial = Trial::make(bench, Figure::F9, settings).await?;
    trial.system.start_web()?;
    trial.system.until_web_is_ready().await?;
    let db = trial.system.database.pool().clone();
    preload::jobs(&db, bench.args.jobs, 0).await?;
    sqlx::raw_sql(
        "update job set node = 'node-2' where number % 3 = 1; \
         update job set node = null, forwarded_at = null where number % 3 = 2",
    )
    .execute(&db)
    .await?;
    trial.system.start_node(0)?;
    trial.system.start_node(1)?;
    trial.system.until_settled(PATIENCE).await?;
    let look = "select count(*) from job where attempt <> 1";
    let further: i64 = sqlx::query_scalar(look).fetch_one(&db).await?;
    if further > 0 {
        trial.ledger.wrong(format!("{further} jobs had more than one owner"));
    }
    let look = "select count(distinct node) from job";
    let owners: i64 = sqlx::query_scalar(look).fetch_one(&db).await?;
    if owners != 2 {
        trial.ledger.wrong(format!("{owners} nodes had jobs"));
    }
    trial.finish(Line::of(Figure::F9, "")).await
}
