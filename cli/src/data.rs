//! The folder in which everything of one machine lives, and what is said on standard output.

use std::{
    fs::{File, TryLockError},
    io::{self, Write as _, stdout},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

/// Where data goes when nothing is said.
pub(crate) fn default_folder() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/digester");
    }
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    base.unwrap_or_else(|| home.join(".local/share")).join("digester")
}

/// The secret of the services that `up` runs on this machine.
pub(crate) fn token_file(folder: &Path) -> PathBuf {
    folder.join("token")
}

/// Makes the folder if need be, and says where it really is.
pub(crate) fn folder(path: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(path).with_context(|| format!("make {}", path.display()))?;
    path.canonicalize().with_context(|| format!("find {}", path.display()))
}

/// Takes the folder for this process alone; the system gives it back however the process ends.
pub(crate) fn take(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("lock");
    let lock = File::create(&path).with_context(|| format!("open {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!(
            "digester is up already in {}; choose another folder with --data",
            folder.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("lock {}", path.display()))
        }
    }
}

/// Says a line to whoever called; a closed pipe is no failure.
pub(crate) fn say(line: &str) -> anyhow::Result<()> {
    match writeln!(stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
