//! Writes outcomes down, those of many attempts with one wait for the disk.

use std::{io, sync::Arc, time::Duration};

use edge::{Batched, Batcher};
use tokio::task::spawn_blocking;

use crate::journal::{Journal, Parcel};

/// How many writes are under way at once.
const AT_ONCE: usize = 1;

/// Where attempts bring their outcomes. Whatever was brought is written down, even if nobody waits
/// for it any more.
pub(crate) type Recorder = Batcher<Recording>;

/// Writes to this journal.
pub(crate) struct Recording(Arc<Journal>);

impl Recording {
    pub(crate) fn in_batches(journal: Arc<Journal>) -> Recorder {
        Batcher::new(Self(journal), AT_ONCE)
    }
}

impl Batched for Recording {
    type Item = Parcel;
    /// An error is that of all who came together.
    type Answer = Result<(), Arc<io::Error>>;

    const MAX_WEIGHT: usize = 1000;
    // The disk sets the pace.
    const EVERY: Duration = Duration::ZERO;

    fn weigh(&self, _: &Parcel) -> usize {
        1
    }

    async fn carry_out(&self, outcomes: Vec<Parcel>) -> Vec<Self::Answer> {
        let (count, journal) = (outcomes.len(), Arc::clone(&self.0));
        let written = spawn_blocking(move || journal.record(outcomes)).await;
        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
        vec![written.map_err(Arc::new); count]
    }
}
