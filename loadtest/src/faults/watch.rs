//! A reader who looks at jobs while they go on: what it sees never goes backwards.

use std::{collections::HashMap, sync::Arc, time::Duration};

use schema::{Job, JobId, JobStatus};
use tokio::task::JoinHandle;

use crate::{
    dice::Dice,
    system::{System, Wire},
};

use super::ledger::Ledger;

/// How often a job is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Looked at are the youngest so many, since the others are settled long since.
const YOUNGEST: usize = 40;

/// Looks on until the handle is aborted.
pub(super) fn start(system: &System, ledger: &Arc<Ledger>, dice: Dice) -> JoinHandle<()> {
    let (wire, ledger) = (system.wire(), Arc::clone(ledger));
    tokio::spawn(watch(wire, ledger, dice))
}

async fn watch(mut wire: Wire, ledger: Arc<Ledger>, mut dice: Dice) {
    let mut seen = HashMap::<JobId, (u64, JobStatus)>::new();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(id) = choose(&ledger, &mut dice) else { continue };
        let Ok(answer) = wire.call("GET", &format!("/job/{id}"), b"").await else { continue };
        if answer.status == 404 {
            ledger.wrong(format!("job {id} was acknowledged, and is not known"));
        }
        let Ok(job) = answer.json::<Job>() else { continue };
        ledger.entries().looks += 1;
        let now = (place(job.status, job.attempt), job.status);
        let before = seen.insert(id, now);
        if let Some((_, status)) = before.filter(|before| before.0 > now.0) {
            ledger.wrong(format!("job {id} was {status}, and is {} again", job.status));
        }
    }
}

/// One of the youngest jobs, the very last one most often.
fn choose(ledger: &Ledger, dice: &mut Dice) -> Option<JobId> {
    let entries = ledger.entries();
    let mut ids: Vec<_> = entries.accepted.values().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    let young = &ids[ids.len().saturating_sub(YOUNGEST)..];
    (!young.is_empty()).then(|| *dice.pick(young))
}

/// How far along its way a job is that has this status in this attempt.
fn place(status: JobStatus, attempt: u32) -> u64 {
    match status {
        JobStatus::Running => 2 * u64::from(attempt),
        JobStatus::Submitted => 2 * u64::from(attempt) + 1,
        JobStatus::Completed | JobStatus::Failed | JobStatus::Cancelled => u64::MAX,
    }
}
