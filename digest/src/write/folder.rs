//! The folder the outputs go to, and the files in it that have no name yet.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use roots::{Denied, Directory, Roots};
use rustix::fs::{MemfdFlags, memfd_create};
use schema::Finding;

use super::{block::block_bytes, share::Share};
use crate::{
    failure::{Stop, error, io_error},
    paths::denied,
};

/// Every temporary name begins with this.
const PREFIX: &str = ".digester-";

/// Every temporary name ends in this.
const SUFFIX: &str = ".tmp";

/// The destination.
pub(crate) struct Folder<'a> {
    path: PathBuf,
    /// How long the parts are in which outputs are written.
    block_bytes: usize,
    /// None: what is written goes to memory, and is gone with it.
    disk: Option<Disk<'a>>,
}

/// A folder on disk. All is done by its handle: it is written where it was when it was allowed.
struct Disk<'a> {
    directory: Directory,
    roots: Arc<Roots>,
    share: Share<'a>,
}

impl<'a> Folder<'a> {
    /// Makes the folder if it is missing, and sweeps what a killed digest left there.
    /// `memory` is what the digest may hold of it.
    pub(crate) fn open(
        roots: Arc<Roots>,
        path: &Path,
        share: Share<'a>,
        memory: usize,
    ) -> Result<Self, Finding> {
        let directory = roots.make(path).map_err(|e| denied("make the destination", path, &e))?;
        sweep(&directory).map_err(|e| io_error("clean the destination", path, &e))?;
        let disk = Some(Disk { directory, roots, share });
        Ok(Self { path: path.to_owned(), block_bytes: block_bytes(memory), disk })
    }

    /// Stands for a folder in which nothing is written.
    pub(crate) fn in_memory(path: &Path, memory: usize) -> Self {
        Self { path: path.to_owned(), block_bytes: block_bytes(memory), disk: None }
    }

    pub(super) fn block_bytes(&self) -> usize {
        self.block_bytes
    }

    /// Where an output of this name goes.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Removes what an earlier digest left under this name: nobody shall take it for the result
    /// of one that fails.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Finding> {
        let Some(disk) = &self.disk else { return Ok(()) };
        match disk.directory.remove(OsStr::new(name)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(io_error("replace", &self.at(name), &e))
            }
            _ => Ok(()),
        }
    }

    /// A new file without a name. It is locked as long as it is open, which tells it from what a
    /// killed digest left.
    pub(crate) fn temporary(&'a self) -> Result<Temporary<'a>, Finding> {
        let Some(disk) = &self.disk else { return Temporary::in_memory() };
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let failed = |e: io::Error| io_error("write to the destination", &self.path, &e);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let name = OsString::from(format!("{PREFIX}{}-{now:x}-{number}{SUFFIX}", process::id()));
        // Nobody sweeps while a file is made and not yet locked.
        let _guard = disk.directory.lock();
        let file = disk.directory.create(&name).map_err(failed)?;
        let _ = file.try_lock(); // Where locks are unknown, nothing is swept either.
        Ok(Temporary { file, path: self.path.join(&name), unnamed: Some((&disk.directory, name)) })
    }

    /// Asks whether so many more bytes may be held.
    pub(super) fn hold(&self, bytes: usize) -> Result<(), Stop> {
        self.disk.as_ref().map_or(Ok(()), |disk| disk.share.hold(bytes))
    }

    /// Whether an output may have so many bytes.
    pub(super) fn may_have(&self, output: &Path, bytes: u64) -> Result<(), Stop> {
        self.disk.as_ref().map_or(Ok(()), |disk| disk.share.may_have(output, bytes))
    }

    /// Outputs are named only where they are looked for.
    pub(crate) fn check_place(&self) -> Result<(), Finding> {
        let Some(disk) = &self.disk else { return Ok(()) };
        match disk.directory.is_in_place(&disk.roots) {
            Ok(true) => Ok(()),
            Ok(false) | Err(Denied::Outside { .. }) => {
                let path = self.path.display();
                Err(error(format_args!("the destination {path} was replaced while it was written"))
                    .remedy("leave the folder alone while it is loaded"))
            }
            Err(e) => Err(denied("find the destination", &self.path, &e)),
        }
    }

    /// Makes the folder's new names last.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.disk.as_ref().map_or(Ok(()), |disk| disk.directory.sync())
    }
}

/// Removes what digests that were killed left in a folder.
pub(crate) fn sweep(directory: &Directory) -> io::Result<()> {
    let Ok(_guard) = directory.lock() else { return Ok(()) };
    let is_temporary = |name: &OsStr| {
        let name = name.to_string_lossy();
        name.starts_with(PREFIX) && name.ends_with(SUFFIX)
    };
    let entries = directory.entries()?.into_iter().map(|entry| entry.name);
    entries.filter(|name| is_temporary(name)).try_for_each(|name| remove_if_dead(directory, &name))
}

/// The lock of a killed process is gone with it.
fn remove_if_dead(directory: &Directory, name: &OsStr) -> io::Result<()> {
    match directory.file(name) {
        Ok(file) if file.try_lock().is_ok() => directory.remove(name),
        Err(Denied::Io(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
        // A live digest's, gone already, or nothing that a digest makes.
        _ => Ok(()),
    }
}

/// A file that is removed again unless it gets a name.
pub(crate) struct Temporary<'a> {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
    /// Where it is, as long as it has no name of its own there.
    unnamed: Option<(&'a Directory, OsString)>,
}

impl Temporary<'_> {
    fn in_memory() -> Result<Self, Finding> {
        let file = memfd_create("preview", MemfdFlags::CLOEXEC)
            .map_err(|e| error(format_args!("could not set memory aside: {e}")))?;
        Ok(Self { file: file.into(), path: PathBuf::new(), unnamed: None })
    }

    /// Gives it the last part of this path as its name, over whatever has it now.
    pub(crate) fn keep(mut self, path: &Path) -> Result<(), Finding> {
        if let (Some((directory, name)), Some(kept)) = (&self.unnamed, path.file_name()) {
            directory.rename(name, kept).map_err(|e| io_error("name", path, &e))?;
        }
        self.unnamed = None;
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if let Some((directory, name)) = &self.unnamed {
            let _ = directory.remove(name); // The next digest sweeps it.
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::*;
    use crate::Unobserved;

    /// A folder that may be anywhere.
    pub(crate) fn folder(path: &Path, memory: usize) -> Folder<'static> {
        let share = Share { observer: &Unobserved, max_file: None };
        Folder::open(Arc::new(Roots::open(&[]).unwrap()), path, share, memory).unwrap()
    }

    #[test]
    fn what_a_killed_digest_left_is_swept_and_what_a_live_one_writes_is_not() {
        let home = tempfile::tempdir().unwrap();
        let first = folder(home.path(), 0);
        let live = first.temporary().unwrap();
        let dead = home.path().join(".digester-1-2-3.tmp");
        fs::write(&dead, "rows").unwrap();
        let folder = folder(home.path(), 0);
        assert!(live.path.exists() && !dead.exists());
        let path = live.path.clone();
        drop(live);
        assert!(!path.exists());
        folder.temporary().unwrap().keep(&folder.at("digest.t")).unwrap();
        assert!(home.path().join("digest.t").exists());
    }
}
