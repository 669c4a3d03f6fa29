//! F12: either side's clock is wrong, or is put back while it runs.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::system::{Environment, Settings};

use super::{
    super::{Bench, campaign, line::Line, order::Order, submit, trial::Trial},
    Figure,
};

/// Where Debian puts the library that tells a process another time.
const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
/// How wrong a clock is at first, and from the middle on, in seconds.
const CLOCKS: [(i32, i32); 4] = [(3600, 3600), (-3600, -3600), (0, -600), (-3600, 3600)];
/// How long a lease is, in seconds: some pass in each case.
const LEASE_SECONDS: u32 = 2;
/// How long jobs are submitted in each case.
const SPREAD: Duration = Duration::from_secs(6);
/// How many jobs are submitted in each case, and how long each sleeps at most.
const JOBS: u32 = 60;
const WORK_MS: u64 = 400;
/// How long everything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How wrong the telling time has to be at least where a clock was said to be wrong by an hour.
const TOLD_SECONDS: f64 = 3000.0;

/// A clock that can be set while a process goes by it.
struct Clock(PathBuf);

impl Clock {
    fn set(&self, seconds: i32) -> anyhow::Result<()> {
        Ok(fs::write(&self.0, format!("{seconds:+}s"))?)
    }

    /// What a process is told that is to go by it. How long things take it sees as they are.
    fn environment(&self) -> Environment {
        vec![
            ("LD_PRELOAD", LIBRARY.to_owned()),
            ("FAKETIME_TIMESTAMP_FILE", self.0.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }
}

/// Each side, with each clock.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    if !Path::new(LIBRARY).exists() {
        return Ok(Line::not_yet(Figure::F12, "libfaketime"));
    }
    let settings = Settings { lease_seconds: LEASE_SECONDS, ..Settings::default() };
    let mut trial = Trial::make(bench, Figure::F12, settings).await?;
    let clock = Clock(trial.system.state("clock"));
    clock.set(0)?;
    trial.system.start().await?;
    for is_web in [true, false] {
        for (case, (first, then)) in CLOCKS.into_iter().enumerate() {
            let environment = clock.environment();
            clock.set(first)?;
            restart(&mut trial, is_web, environment).await?;
            let prefix = format!("F12-{is_web}-{case}");
            work(&mut trial, &prefix, || clock.set(then)).await?;
            if first.abs() > 600 {
                told(&trial, is_web).await?;
            }
            restart(&mut trial, is_web, Environment::new()).await?;
        }
    }
    let count = format!("{} cells", 2 * CLOCKS.len());
    let result = "no lease lapsed early, no status out of order".to_owned();
    trial.finish(Line { result, ..Line::of(Figure::F12, count) }).await
}

/// Starts a side anew while nothing is under way, and waits until it works.
async fn restart(
    trial: &mut Trial<'_>,
    is_web: bool,
    environment: Environment,
) -> anyhow::Result<()> {
    if is_web {
        trial.system.web_environment = environment;
        campaign::kill_web(&mut trial.system)?;
        return trial.system.until_web_is_ready().await;
    }
    trial.system.nodes[0].environment = environment;
    campaign::kill_node(&mut trial.system, 0)?;
    trial.system.until_node_is_ready(0).await
}

/// Has jobs run; in the middle the clock changes. Nobody may be taken for dead.
async fn work(
    trial: &mut Trial<'_>,
    prefix: &str,
    change: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let orders = Order::many(prefix, JOBS, &mut trial.dice, |key, dice| {
        Order::sleep(key, dice.between(0, WORK_MS))
    });
    let submitting = submit::start(&trial.system, &trial.ledger, orders, SPREAD);
    tokio::time::sleep(SPREAD / 2).await;
    change()?;
    submitting.await??;
    trial.system.until_settled(PATIENCE).await?;
    let cut_short = trial.system.cut_short().await?;
    if cut_short > 0 {
        trial.ledger.wrong(format!("{prefix}: {cut_short} attempts were cut short"));
    }
    Ok(())
}

/// Whether the clock was really wrong: ids tell when they were made.
async fn told(trial: &Trial<'_>, is_web: bool) -> anyhow::Result<()> {
    let made = "('x' || substr(replace(%::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0";
    let look = match is_web {
        true => format!(
            "select max(abs({} - extract(epoch from submitted_at)))::float8 from job",
            made.replace('%', "id")
        ),
        false => format!(
            "select max(abs({} - extract(epoch from since)))::float8 from node",
            made.replace('%', "boot")
        ),
    };
    let look = sqlx::AssertSqlSafe(look);
    let wrong: f64 = sqlx::query_scalar(look).fetch_one(trial.system.database.pool()).await?;
    anyhow::ensure!(wrong > TOLD_SECONDS, "the clock was to be wrong, and was so by {wrong} s");
    Ok(())
}
