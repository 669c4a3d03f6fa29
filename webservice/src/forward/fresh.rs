//! What was submitted here a moment ago: it need not be looked up to be handed over.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::job::ToForward;

/// How many bytes of instructions are kept; what is more is looked up.
const MAX_BYTES: usize = 4 << 20;
/// What a job takes beside its instruction.
const JOB_BYTES: usize = 512;

/// Jobs on their way from whoever accepts them to the forwarder.
#[derive(Debug, Default)]
pub(crate) struct Fresh(Mutex<Kept>);

/// What was submitted since this was last asked for.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// In the order in which they came.
    pub(super) jobs: Vec<ToForward>,
    /// Others were submitted, too, which only the tables know.
    pub(super) others: bool,
    bytes: usize,
}

impl Fresh {
    /// These are in the tables, and wait.
    pub(crate) fn add(&self, jobs: impl IntoIterator<Item = ToForward>) {
        let mut kept = self.kept();
        for job in jobs {
            kept.add(job);
        }
    }

    /// Something waits that is not brought here.
    pub(crate) fn others(&self) {
        self.kept().others = true;
    }

    /// Everything since this was last asked for.
    pub(super) fn take(&self) -> Kept {
        std::mem::take(&mut self.kept())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Jobs are in the tables whatever becomes of this.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn add(&mut self, job: ToForward) {
        self.bytes += job.body.len() + JOB_BYTES;
        if self.bytes <= MAX_BYTES {
            self.jobs.push(job);
        } else {
            *self = Self { others: true, bytes: self.bytes, jobs: Vec::new() };
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn job(bytes: usize) -> ToForward {
        ToForward {
            id: Uuid::now_v7(),
            key: "k".to_owned(),
            kind: "sleep".to_owned(),
            tenant: None,
            submitted_by: None,
            attempt: 0,
            traceparent: None,
            body: "x".repeat(bytes),
        }
    }

    #[test]
    fn what_was_submitted_is_there_once_in_its_order() {
        let (fresh, jobs) = (Fresh::default(), [job(1), job(2)]);
        let ids = jobs.each_ref().map(|job| job.id);
        fresh.add(jobs);
        let taken = fresh.take();
        assert_eq!(taken.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), ids);
        assert!(!taken.others && fresh.take().jobs.is_empty());
    }

    #[test]
    fn what_there_is_no_room_for_is_to_be_looked_up_until_the_next_time() {
        let fresh = Fresh::default();
        fresh.add([job(1), job(MAX_BYTES), job(1)]);
        let taken = fresh.take();
        assert!(taken.others && taken.jobs.is_empty());
        fresh.add([job(1)]);
        assert_eq!(fresh.take().jobs.len(), 1);
    }

    #[test]
    fn what_is_not_brought_here_is_to_be_looked_up_once() {
        let fresh = Fresh::default();
        fresh.others();
        assert!(fresh.take().others && !fresh.take().others);
    }
}
