//! The node, as a digest hears of it.

use std::sync::Arc;

use edge::Step;
use schema::Progress;

use crate::{digester::Listener, lease::Lease, quota::Share, reporter::Reporter};

/// Hears of an attempt, and decides over it.
pub(crate) struct Attending {
    pub(crate) reporter: Arc<Reporter>,
    /// Absent where the web service that is reported to grants none.
    pub(crate) lease: Option<Arc<Lease>>,
    pub(crate) share: Share,
}

impl Listener for Attending {
    fn stage(&self, stage: &str, message: &str) {
        self.reporter.stage(stage, message);
    }

    fn progress(&self, progress: Progress) {
        self.reporter.progress(progress);
    }

    fn held_disk(&self, bytes: u64) {
        self.reporter.held_disk(bytes);
    }

    fn held_memory(&self, bytes: u64) {
        self.reporter.held_memory(bytes);
    }

    fn hold(&self, bytes: u64) -> Result<(), String> {
        self.share.hold(bytes)
    }

    fn may_publish(&self) -> bool {
        Step::Publishing.pass();
        match &self.lease {
            Some(lease) => lease.wait_held(|| self.is_cancelled()),
            None => !self.is_cancelled(),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.reporter.is_stopped()
    }
}
