//! Whether everything that was accepted came to its one and right end.

use std::{collections::HashMap, time::Duration};

use schema::{JobId, JobStatus};
use sqlx::PgPool;
use uuid::Uuid;

use crate::system::{System, until};

use super::{
    history::{self, Event},
    journal,
    ledger::Ledger,
};

/// How long nodes may take to note that their last outcomes were delivered.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(20);

/// What was found, beside what is wrong, which is in the ledger.
pub(super) struct Found {
    /// How many jobs were looked at.
    pub(super) jobs: usize,
    /// The most attempts that one job had.
    pub(super) most_attempts: u32,
    /// How many attempts there were beside each job's first.
    pub(super) further_attempts: u32,
    /// The longest that a job took from accepted to settled.
    pub(super) longest: Duration,
}

struct Row {
    key: String,
    status: JobStatus,
    attempt: u32,
    took: Duration,
}

/// Checks every job and every node's folder; what is wrong goes into the ledger.
pub(super) async fn all(system: &System, ledger: &Ledger) -> anyhow::Result<Found> {
    let jobs = jobs(system.database.pool()).await?;
    let events = events(system.database.pool()).await?;
    for (id, row) in &jobs {
        let history = events.get(id).map(Vec::as_slice).unwrap_or_default();
        if let Some(fault) = history::fault(history).or_else(|| differs(row, history)) {
            ledger.wrong(format!("job {id} ({}): {fault}", row.key));
        }
    }
    ends(&jobs, ledger);
    folders(system, ledger).await?;
    Ok(Found {
        jobs: jobs.len(),
        most_attempts: jobs.values().map(|row| row.attempt).max().unwrap_or_default(),
        further_attempts: jobs.values().map(|row| row.attempt.saturating_sub(1)).sum(),
        longest: jobs.values().map(|row| row.took).max().unwrap_or_default(),
    })
}

/// The row says what the last event says.
fn differs(row: &Row, history: &[Event]) -> Option<String> {
    let last = history.last()?;
    let differs = (row.status, row.attempt) != (last.status, last.attempt);
    differs.then(|| format!("it is {}, and its history says {}", row.status, last.status))
}

/// Every acknowledged job is there, once, and ended as it had to.
fn ends(jobs: &HashMap<JobId, Row>, ledger: &Ledger) {
    let mut wrong = Vec::new();
    let mut entries = ledger.entries();
    for (key, (id, end)) in &entries.accepted {
        match jobs.get(id) {
            None => wrong.push(format!("job {id} ({key}) was acknowledged, and is lost")),
            Some(row) if row.status != *end => {
                wrong.push(format!("job {id} ({key}) is {}, and had to be {end}", row.status));
            }
            Some(_) => {}
        }
    }
    let mut keys: Vec<_> = jobs.values().map(|row| row.key.as_str()).collect();
    keys.sort_unstable();
    let twice = keys.windows(2).filter(|pair| pair[0] == pair[1]);
    wrong.extend(twice.map(|pair| format!("{} has two jobs", pair[0])));
    entries.wrong.append(&mut wrong);
}

async fn folders(system: &System, ledger: &Ledger) -> anyhow::Result<()> {
    for node in &system.nodes {
        let state = system.state(&node.name);
        let empty = until("the journal is empty", JOURNAL_PATIENCE, async || {
            Ok((journal::depth(&state)? == 0).then_some(()))
        });
        if empty.await.is_err() {
            ledger.wrong(format!("{} outcomes stay on {}", journal::depth(&state)?, node.name));
        }
        for name in journal::leftovers(&state)? {
            ledger.wrong(format!("{name} stays on {}", node.name));
        }
    }
    Ok(())
}

async fn jobs(db: &PgPool) -> anyhow::Result<HashMap<JobId, Row>> {
    let rows: Vec<(Uuid, String, String, i32, i64)> = sqlx::query_as(
        "select id, key, status, attempt, \
         (extract(epoch from coalesce(settled_at, now()) - submitted_at) * 1000)::bigint from job",
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|(id, key, status, attempt, took)| {
            let (attempt, took) = (attempt.unsigned_abs(), took.unsigned_abs());
            let took = Duration::from_millis(took);
            Ok((JobId(id), Row { key, status: status.parse()?, attempt, took }))
        })
        .collect()
}

async fn events(db: &PgPool) -> anyhow::Result<HashMap<JobId, Vec<Event>>> {
    let rows: Vec<(Uuid, String, i32)> =
        sqlx::query_as("select job, status, attempt from job_event order by job, id")
            .fetch_all(db)
            .await?;
    let mut events = HashMap::<_, Vec<_>>::new();
    for (job, status, attempt) in rows {
        let event = Event { status: status.parse()?, attempt: attempt.unsigned_abs() };
        events.entry(JobId(job)).or_default().push(event);
    }
    Ok(events)
}
