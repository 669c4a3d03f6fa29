//! The folder the outputs go to, and the files in it that have no name yet.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::fs::{MemfdFlags, memfd_create};
use schema::Finding;

use crate::failure::{error, io_error};

/// Every temporary name begins with this.
const PREFIX: &str = ".digester-";

/// Every temporary name ends in this.
const SUFFIX: &str = ".tmp";

/// The destination.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// What is written goes to memory, and is gone with it.
    in_memory: bool,
}

impl Folder {
    /// Makes the folder if it is missing, and sweeps what a killed digest left there.
    pub(crate) fn open(path: &Path) -> Result<Self, Finding> {
        fs::create_dir_all(path).map_err(|e| io_error("make the destination", path, &e))?;
        let folder = Self { path: path.to_owned(), in_memory: false };
        folder.sweep().map_err(|e| io_error("clean the destination", path, &e))?;
        Ok(folder)
    }

    /// Stands for a folder in which nothing is written.
    pub(crate) fn in_memory(path: &Path) -> Self {
        Self { path: path.to_owned(), in_memory: true }
    }

    /// Where an output of this name goes.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Removes what an earlier digest left under this name: nobody shall take it for the result
    /// of one that fails.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Finding> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error("replace", &path, &e)),
            _ => Ok(()),
        }
    }

    /// A new file without a name. It is locked as long as it is open, which tells it from what a
    /// killed digest left.
    pub(crate) fn temporary(&self) -> Result<Temporary, Finding> {
        if self.in_memory {
            return Temporary::in_memory();
        }
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let failed = |e: io::Error| io_error("write to the destination", &self.path, &e);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let name = format!("{PREFIX}{}-{now:x}-{number}{SUFFIX}", process::id());
        let path = self.path.join(name);
        let _guard = self.guard();
        let mut open = OpenOptions::new();
        let file = open.read(true).write(true).create_new(true).open(&path).map_err(failed)?;
        let _ = file.try_lock(); // Where locks are unknown, nothing is swept either.
        Ok(Temporary { file, path, kept: false })
    }

    /// Makes the folder's new names last.
    pub(crate) fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Nobody sweeps while a file is made and not yet locked.
    fn guard(&self) -> Option<File> {
        let folder = File::open(&self.path).ok()?;
        folder.lock().ok().map(|()| folder)
    }

    fn sweep(&self) -> io::Result<()> {
        let Some(_guard) = self.guard() else { return Ok(()) };
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
                remove_if_dead(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// The lock of a killed process is gone with it.
fn remove_if_dead(path: &Path) -> io::Result<()> {
    match File::open(path) {
        Ok(file) if file.try_lock().is_ok() => fs::remove_file(path),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A file that is removed again unless it gets a name.
#[derive(Debug)]
pub(crate) struct Temporary {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
    kept: bool,
}

impl Temporary {
    fn in_memory() -> Result<Self, Finding> {
        let file = memfd_create("preview", MemfdFlags::CLOEXEC)
            .map_err(|e| error(format_args!("could not set memory aside: {e}")))?;
        Ok(Self { file: file.into(), path: PathBuf::new(), kept: true })
    }

    /// Gives it a name, over whatever has it now.
    pub(crate) fn keep(mut self, path: &Path) -> Result<(), Finding> {
        fs::rename(&self.path, path).map_err(|e| io_error("name", path, &e))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path); // The next digest sweeps it.
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_digest_left_is_swept_and_what_a_live_one_writes_is_not() {
        let home = tempfile::tempdir().unwrap();
        let live = Folder::open(home.path()).unwrap().temporary().unwrap();
        let dead = home.path().join(".digester-1-2-3.tmp");
        fs::write(&dead, "rows").unwrap();
        let folder = Folder::open(home.path()).unwrap();
        assert!(live.path.exists() && !dead.exists());
        let path = live.path.clone();
        drop(live);
        assert!(!path.exists());
        folder.temporary().unwrap().keep(&folder.at("digest.t")).unwrap();
        assert!(home.path().join("digest.t").exists());
    }
}
