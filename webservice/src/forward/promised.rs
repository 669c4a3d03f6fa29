//! Jobs that nodes with keys are being handed, or were, and of which the tables do not say so yet.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use schema::{JobId, NodeId};

/// Which node may claim which job, beside what the tables say. A node may claim a job before its
/// answer to the offer has been read.
#[derive(Debug, Default)]
pub(crate) struct Promised(Mutex<HashMap<NodeId, HashSet<JobId>>>);

/// Jobs on offer to a node. What it did not take when this is dropped is not promised any more.
pub(super) struct Promise<'a> {
    promised: &'a Promised,
    node: &'a NodeId,
    untaken: HashSet<JobId>,
}

impl Promised {
    /// Promises these jobs to the node.
    pub(super) fn offer<'a>(
        &'a self,
        node: &'a NodeId,
        jobs: impl Iterator<Item = JobId>,
    ) -> Promise<'a> {
        let untaken: HashSet<_> = jobs.collect();
        self.all().entry(node.clone()).or_default().extend(&untaken);
        Promise { promised: self, node, untaken }
    }

    /// Which of these jobs are promised to the node.
    pub(crate) fn among(&self, node: &NodeId, jobs: impl Iterator<Item = JobId>) -> HashSet<JobId> {
        let all = self.all();
        let Some(promised) = all.get(node) else { return HashSet::new() };
        jobs.filter(|job| promised.contains(job)).collect()
    }

    /// Every job that is promised to the node.
    pub(crate) fn to(&self, node: &NodeId) -> Vec<JobId> {
        self.all().get(node).into_iter().flatten().copied().collect()
    }

    /// The tables say now who has these.
    pub(super) fn noted<'a>(&self, jobs: impl Iterator<Item = (&'a NodeId, JobId)>) {
        let mut all = self.all();
        for (node, job) in jobs {
            if let Some(promised) = all.get_mut(node) {
                promised.remove(&job);
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<NodeId, HashSet<JobId>>> {
        // Every change is one insertion or removal: nothing is ever half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Promise<'_> {
    /// The node has the job.
    pub(super) fn taken(&mut self, job: JobId) {
        self.untaken.remove(&job);
    }
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        let untaken = self.untaken.iter().map(|job| (self.node, *job));
        self.promised.noted(untaken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_took_stays_promised_to_it_alone_until_it_is_noted() {
        let (promised, jobs) = (Promised::default(), [JobId::mint(), JobId::mint()]);
        let (ours, other) = (NodeId::new("a").unwrap(), NodeId::new("b").unwrap());
        let mut promise = promised.offer(&ours, jobs.into_iter());
        assert_eq!(promised.among(&ours, jobs.into_iter()).len(), 2);
        promise.taken(jobs[0]);
        drop(promise);
        assert_eq!(promised.to(&ours), [jobs[0]]);
        assert!(promised.among(&other, jobs.into_iter()).is_empty());
        promised.noted([(&other, jobs[0])].into_iter());
        assert_eq!(promised.to(&ours), [jobs[0]]);
        promised.noted([(&ours, jobs[0])].into_iter());
        assert!(promised.to(&ours).is_empty());
    }
}
