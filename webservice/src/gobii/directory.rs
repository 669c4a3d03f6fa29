//! Directories that users and digesters write to.

use std::path::{Path, PathBuf};

use roots::Roots;
use tokio::task::spawn_blocking;

use super::error::{GobiiError, Message};

/// Opens the folders that everything must lie under.
pub(super) fn open(folders: &[PathBuf]) -> Result<Roots, GobiiError> {
    Roots::open(folders).map_err(|error| {
        tracing::error!(%error, "the folders of a crop cannot be had");
        Message::error("The directories of this crop cannot be used").into()
    })
}

/// Makes a directory that other accounts may use; one that is there stays as it is.
pub(super) fn make(roots: &Roots, directory: &Path, mode: u32) -> Result<(), GobiiError> {
    roots.make_with_mode(directory, mode).map_err(|error| {
        let directory = directory.display();
        Message::error(format!("The directory {directory} cannot be made: {error}")).into()
    })
}

/// Runs what may wait for a disk where waiting harms nobody.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, GobiiError> {
    spawn_blocking(work).await.map_err(|_| GobiiError::Internal)
}
