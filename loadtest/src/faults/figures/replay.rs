//! F9: a node that starts with many jobs waiting.

use std::time::{Duration, Instant};

use crate::system::{Settings, preload, until};

use super::{
    super::{Bench, line::Line, trial::Trial},
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
        "first running after {} ms, all settled after {:.1} s, in order; two nodes: not yet",
        first.as_millis(),
        all.as_secs_f64()
    );
    trial.finish(Line { result, ..line }).await
}
