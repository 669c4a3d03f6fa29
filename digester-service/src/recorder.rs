//! Writes outcomes down, those of many attempts with one wait for the disk.

use std::{io, sync::Arc, time::Duration};

use edge::{Batched, Batcher};
use tokio::task::{JoinError, spawn_blocking};

use crate::journal::{Journal, Parcel};

/// How many writes are under way at once.
const AT_ONCE: usize = 1;

/// Where attempts bring their outcomes. Whatever was brought is written down, even if nobody waits
/// for it any more.
pub(crate) type Recorder = Batcher<Recording>;

/// Why outcomes are not written down.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Unrecorded {
    /// They are remembered nevertheless, and delivered as long as the node lives.
    #[error("{0}")]
    Unwritten(Arc<io::Error>),
    /// Whoever wrote them is gone, perhaps before they were even remembered.
    #[error("whoever wrote it is gone: {0}")]
    Lost(Arc<JoinError>),
}

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
    type Answer = Result<(), Unrecorded>;

    const MAX_WEIGHT: usize = 1000;
    // The disk sets the pace.
    const EVERY: Duration = Duration::ZERO;

    fn weigh(&self, _: &Parcel) -> usize {
        1
    }

    async fn carry_out(&self, outcomes: Vec<Parcel>) -> Vec<Self::Answer> {
        let (count, journal) = (outcomes.len(), Arc::clone(&self.0));
        vec![write(move || journal.record(outcomes)).await; count]
    }
}

async fn write(record: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), Unrecorded> {
    let written = spawn_blocking(record).await.map_err(|gone| Unrecorded::Lost(Arc::new(gone)))?;
    written.map_err(|error| Unrecorded::Unwritten(Arc::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_disk_refuses_is_told_from_what_is_lost() {
        assert!(write(|| Ok(())).await.is_ok());
        let refused = write(|| Err(io::ErrorKind::StorageFull.into())).await;
        assert!(matches!(refused, Err(Unrecorded::Unwritten(_))), "{refused:?}");
        let lost = write(|| panic!("as it should")).await;
        assert!(matches!(lost, Err(Unrecorded::Lost(_))), "{lost:?}");
    }
}
