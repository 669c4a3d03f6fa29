//! Directories that users and digesters write to.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use super::error::{GobiiError, Message};

/// Makes directories that other accounts may use; those that are there stay as they are.
pub(super) fn make(directories: &[PathBuf], mode: u32) -> Result<(), GobiiError> {
    directories.iter().try_for_each(|directory| {
        make_one(directory, mode).map_err(|error| {
            let directory = directory.display();
            Message::error(format!("The directory {directory} cannot be made: {error}")).into()
        })
    })
}

fn make_one(directory: &Path, mode: u32) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(directory)?;
    fs::set_permissions(directory, fs::Permissions::from_mode(mode))
}

/// Runs what may wait for a disk where waiting harms nobody.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, GobiiError> {
    spawn_blocking(work).await.map_err(|_| GobiiError::Internal)
}
