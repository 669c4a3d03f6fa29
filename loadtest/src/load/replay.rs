//! The start of a node that has many jobs waiting.

use std::time::{Duration, Instant};

use sqlx::PgPool;

use crate::system::{System, preload};

use super::cell::{Values, precise};

/// When the target looks how many jobs are taken in.
const TARGET: Duration = Duration::from_secs(10);
/// How often the start is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long each job runs: none ends while it is measured.
const WORK_MS: u32 = 600_000;

/// Starts the node, and looks how soon it has everything.
pub(super) async fn run(
    system: &mut System,
    jobs: u32,
    patience: Duration,
) -> anyhow::Result<Values> {
    system.start_web()?;
    system.until_web_is_ready().await?;
    preload::jobs(system.database.pool(), jobs, WORK_MS).await?;
    let begin = Instant::now();
    system.start_node(0)?;
    let mut values = Vec::new();
    let (mut first, mut early) = (None, None);
    let mut taken = 0;
    while taken < jobs && begin.elapsed() < patience {
        tokio::time::sleep(LOOK_EVERY).await;
        if first.is_none() && has_started(system.database.pool()).await? {
            first = Some(begin.elapsed());
        }
        if holds(system, jobs).await {
            taken = jobs;
        }
        if early.is_none() && begin.elapsed() > TARGET {
            early = Some(held(system, jobs).await);
        }
    }
    let duration = begin.elapsed();
    let taken = if taken == jobs { jobs } else { held(system, jobs).await };
    let idle = |time: Option<Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64());
    values.push(("first job running (s)", idle(first)));
    values.push(("taken in within 10 s", f64::from(early.unwrap_or(taken))));
    values.push(("taken in", f64::from(taken)));
    values.push(("… within (s)", duration.as_secs_f64()));
    if let Some(process) = &system.nodes[0].process {
        values.push(("node (MiB)", precise(process.memory()?.peak) / 1024.0));
    }
    if let Some(web) = &system.web {
        values.push(("web service (MiB)", precise(web.memory()?.peak) / 1024.0));
    }
    // What runs would take ten minutes to end in good order.
    system.nodes[0].process = None;
    system.web = None;
    Ok(values)
}

async fn has_started(db: &PgPool) -> anyhow::Result<bool> {
    let look = "select exists (select from job where settled_at is null and status = 'running')";
    Ok(sqlx::query_scalar(look).fetch_one(db).await?)
}

/// Whether the node holds the job of this number.
async fn holds(system: &System, number: u32) -> bool {
    let path = format!("/job/{}", preload::id(number));
    let answer = system.node_wire(0).call("GET", &path, b"").await;
    answer.is_ok_and(|answer| answer.status == 200)
}

/// How many jobs the node holds: it takes them in by their numbers.
async fn held(system: &System, jobs: u32) -> u32 {
    let (mut held, mut beyond) = (0, jobs + 1);
    while beyond - held > 1 {
        let middle = u32::midpoint(held, beyond);
        match holds(system, middle).await {
            true => held = middle,
            false => beyond = middle,
        }
    }
    held
}
