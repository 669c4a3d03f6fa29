//! What was promised to those who submitted.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use schema::{JobId, JobStatus};

/// Every acknowledgement, and every answer that should not have been.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Entries>);

/// What is in a ledger.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// The jobs that were accepted, by key, and how they are to end.
    pub(super) accepted: BTreeMap<String, (JobId, JobStatus)>,
    /// What must not happen and did.
    pub(super) wrong: Vec<String>,
    /// How often clients were told to come back, or heard nothing.
    pub(super) retries: u64,
    /// How long services took to be ready once the database was back, or to end when told to.
    pub(super) recoveries: Vec<Duration>,
    /// How long the database was broken off.
    pub(super) outages: Vec<Duration>,
    /// How often the status of a job was looked at while it went on.
    pub(super) looks: u64,
}

impl Ledger {
    /// What is in it.
    pub(super) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes something that must not happen.
    pub(super) fn wrong(&self, what: String) {
        self.entries().wrong.push(what);
    }

    /// Notes that a client was not served, and tries again.
    pub(super) fn retried(&self) {
        self.entries().retries += 1;
    }

    /// Notes that the submission under this key was acknowledged with this job.
    pub(super) fn accepted(&self, key: &str, id: JobId, end: JobStatus) {
        let mut entries = self.entries();
        let before = entries.accepted.insert(key.to_owned(), (id, end));
        if let Some((other, _)) = before.filter(|(other, _)| *other != id) {
            entries.wrong.push(format!("{key} became job {other}, then job {id}"));
        }
    }
}
