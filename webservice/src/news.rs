//! Word inside the process that something changed, so that nobody has to poll for it.
//!
//! Only a hint: whoever misses it looks again after a while.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use schema::{JobId, JobStatus, NodeId, PatchAnswer};
use tokio::sync::{Notify, broadcast};

use crate::{forward::Fresh, store::job::ToForward};

/// How many changes a slow listener may fall behind before it is told that it missed some.
const BACKLOG: usize = 1024;

/// Tells listeners about jobs that changed, and the forwarder about jobs that wait.
#[derive(Debug)]
pub(crate) struct News {
    changed: broadcast::Sender<JobId>,
    submitted: Notify,
    /// Which ones were; changed before word of it is given.
    pub(crate) fresh: Fresh,
    node_came: Notify,
    /// Which ones came; changed before word of it is given.
    came: Mutex<BTreeSet<NodeId>>,
}

impl News {
    pub(crate) fn new() -> Self {
        Self {
            changed: broadcast::channel(BACKLOG).0,
            submitted: Notify::new(),
            fresh: Fresh::default(),
            node_came: Notify::new(),
            came: Mutex::default(),
        }
    }

    /// A job changed.
    pub(crate) fn changed(&self, id: JobId) {
        // Nobody listening is fine.
        drop(self.changed.send(id));
    }

    /// A job waits for a digester service.
    pub(crate) fn submitted(&self, id: JobId) {
        self.changed(id);
        self.fresh.others();
        self.submitted.notify_one();
    }

    /// These jobs were made, and wait for a digester service.
    pub(crate) fn accepted(&self, jobs: Vec<ToForward>) {
        jobs.iter().for_each(|job| self.changed(JobId(job.id)));
        self.fresh.add(jobs);
        self.submitted.notify_one();
    }

    /// A digester service made itself known: what waits may find somebody to take it now.
    pub(crate) fn node_came(&self, node: NodeId) {
        self.came().insert(node);
        self.node_came.notify_one();
    }

    fn came(&self) -> MutexGuard<'_, BTreeSet<NodeId>> {
        // Every change is one insertion, or the removal of all.
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A digester service said something of a job.
    pub(crate) fn patched(&self, id: JobId, answer: &PatchAnswer) {
        match answer.status {
            JobStatus::Submitted => self.submitted(id),
            _ => self.changed(id),
        }
    }

    /// Every change from now on.
    pub(crate) fn listen(&self) -> Listener {
        Listener(self.changed.subscribe())
    }

    /// Returns once digester services made themselves known: which ones.
    pub(crate) async fn next_nodes(&self) -> BTreeSet<NodeId> {
        self.node_came.notified().await;
        std::mem::take(&mut self.came())
    }

    /// Returns once a job may be waiting.
    pub(crate) async fn next_submitted(&self) {
        self.submitted.notified().await;
    }
}

/// Hears of changes.
pub(crate) struct Listener(broadcast::Receiver<JobId>);

impl Listener {
    /// Returns once any job may have changed.
    pub(crate) async fn any(&mut self) {
        // A change, or so much that some was missed; or the service is stopping.
        drop(self.0.recv().await);
    }

    /// Takes what changed so far as known.
    pub(crate) fn catch_up(&mut self) {
        self.0 = self.0.resubscribe();
    }

    /// Returns once this job may have changed.
    pub(crate) async fn changed(&mut self, id: JobId) {
        loop {
            match self.0.recv().await {
                Ok(changed) if changed != id => {}
                // Changed, or so much was missed that it may have; or the service is stopping.
                _ => return,
            }
        }
    }
}
