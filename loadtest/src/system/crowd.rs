//! Jobs of which nothing more is heard, and of which there are many.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use sqlx::PgPool;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::say;

/// Writes so many jobs of a crowd as its parameters say.
const FILL: &str = include_str!("crowd.sql");
/// How many jobs are written in one commit.
const CHUNK: i64 = 50_000;
/// How many connections write.
const WRITERS: usize = 2;
/// How often it is told how far it has come, in jobs.
const TELL_EVERY: i64 = 1_000_000;

/// The youngest job of any crowd is older than this: an hour before this process began to ask.
static END: LazyLock<Duration> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_secs(3600))
});

/// How many jobs, and over how long a time they came.
#[derive(Clone, Copy, Debug, serde::Deserialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct Crowd {
    /// How many wait, on a node that is not ours; they are the youngest.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) unsettled: u32,
    /// How many are settled, with their histories.
    #[arg(long, default_value_t = 10_000_000)]
    pub(crate) settled: u32,
    /// Over how many days they came; the last came an hour ago.
    #[serde(default = "a_year")]
    #[arg(long, default_value_t = a_year())]
    pub(crate) days: u32,
    /// How long each instruction is.
    #[serde(default = "a_kibibyte")]
    #[arg(long, default_value_t = a_kibibyte())]
    pub(crate) body_bytes: u16,
}

const fn a_year() -> u32 {
    365
}

const fn a_kibibyte() -> u16 {
    1024
}

impl Crowd {
    fn total(self) -> i64 {
        i64::from(self.settled) + i64::from(self.unsettled)
    }

    /// From one job to the next.
    fn step(self) -> Duration {
        let span = Duration::from_secs(86_400) * self.days;
        span / u32::try_from(self.total()).unwrap_or(u32::MAX).max(1)
    }
}

/// Every job with a later id is none of a crowd.
pub(crate) fn last() -> Uuid {
    let beyond = *END + Duration::from_secs(1);
    uuid::Builder::from_unix_timestamp_millis(
        u64::try_from(beyond.as_millis()).unwrap_or(u64::MAX),
        &[0; 10],
    )
    .into_uuid()
}

/// Makes the tables, unless they are there.
pub(crate) async fn make_tables(db: &PgPool) -> anyhow::Result<()> {
    sqlx::migrate!("../migrations").run(db).await.context("make the tables")
}

/// Forgets every job that is none of a crowd, with what belongs to it.
pub(crate) async fn forget_others(db: &PgPool) -> anyhow::Result<()> {
    let forget = r"
        with gone as (delete from job where id > $1 returning id, key),
             ordered as (delete from instruction using gone where instruction.key = gone.key),
             told as (delete from job_event using gone where job = gone.id)
        delete from job_report using gone where job = gone.id
        ";
    sqlx::query(forget).bind(last()).execute(db).await.context("forget jobs")?;
    Ok(())
}

/// Fills the tables, which must be there.
pub(crate) async fn fill(db: &PgPool, crowd: Crowd) -> anyhow::Result<()> {
    let next = Arc::new(AtomicI64::new(1));
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(write(db.clone(), crowd, Arc::clone(&next)));
    }
    while let Some(writer) = writers.join_next().await {
        writer.context("join a writer")??;
    }
    for statement in ["vacuum analyze instruction, job, job_event", "checkpoint"] {
        sqlx::raw_sql(statement).execute(db).await.context(statement)?;
    }
    Ok(())
}

async fn write(db: PgPool, crowd: Crowd, next: Arc<AtomicI64>) -> anyhow::Result<()> {
    let step = crowd.step();
    let begin = END.saturating_sub(Duration::from_secs(86_400) * crowd.days);
    loop {
        let first = next.fetch_add(CHUNK, Relaxed);
        if first > crowd.total() {
            return Ok(());
        }
        let last = crowd.total().min(first + CHUNK - 1);
        let query = sqlx::query(FILL).bind(first).bind(last).bind(i64::from(crowd.settled));
        let query = query.bind(begin.as_secs_f64()).bind(i64::try_from(step.as_micros())?);
        query.bind(i32::from(crowd.body_bytes)).execute(&db).await.context("write jobs")?;
        if last % TELL_EVERY == 0 {
            say::aside(&format!("{last} of {} jobs are written", crowd.total()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_comes_now_is_none_of_a_crowd_and_its_youngest_is() {
        let youngest = END.as_millis().try_into().unwrap();
        let youngest = uuid::Builder::from_unix_timestamp_millis(youngest, &[0xff; 10]).into_uuid();
        assert!(youngest < last());
        assert!(last() < Uuid::now_v7());
    }
}
