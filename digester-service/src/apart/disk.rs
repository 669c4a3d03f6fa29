//! What a digest holds of the disk, as the node sees it, whatever the digest says.
//!
//! This catches mistakes and simple lies, and not who hides what it holds: `docs/isolation.md` tells how.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use roots::{Denied, Kind, Roots};

/// How often is looked at most.
const EVERY: Duration = Duration::from_millis(250);
/// How many times as long as a look nothing is looked at afterwards: a full folder must not cost more than
/// a small part of a core.
const REST: u32 = 10;
/// How far the clock that files get their times from may be behind.
const CLOCK_STEP: Duration = Duration::from_millis(10);
/// What files are measured in.
const BLOCK: u64 = 512;
/// The owner may write, of a handle in `/proc`.
const WRITES: u32 = 0o200;

/// A file system, and the number of a file there.
type Id = (u64, u64);

/// The folders that a digest writes to. What becomes more there while it runs is its own.
pub(super) struct Disk {
    roots: Option<Roots>,
    folders: Vec<PathBuf>,
    before: HashMap<Id, u64>,
    begun: SystemTime,
    next: Instant,
}

impl Disk {
    /// Remembers what is there before the digest begins.
    pub(super) fn watch(roots: &[PathBuf], folders: &[PathBuf]) -> Self {
        // Without roots the digest itself tells what is wrong with them.
        let roots = Roots::open(roots).ok().filter(|_| !folders.is_empty());
        let (folders, next) = (folders.to_vec(), Instant::now() + EVERY);
        let begun = SystemTime::now() - CLOCK_STEP;
        let mut disk = Self { roots, folders, before: HashMap::new(), begun, next };
        disk.before = disk.files();
        disk
    }

    /// Whether it is time to look again.
    pub(super) fn is_due(&self) -> bool {
        self.roots.is_some() && Instant::now() >= self.next
    }

    /// How many bytes a process holds that were not there before: in its folders, and in files without
    /// a name, or elsewhere on the same disk, that it has open.
    pub(super) fn held(&mut self, process: u32) -> u64 {
        let look = Instant::now();
        let mut files = self.files();
        let disks: HashSet<u64> = files.keys().map(|(disk, _)| *disk).collect();
        let open_files = self.open_files(process).into_iter();
        files.extend(open_files.filter(|((disk, _), _)| disks.contains(disk)));
        self.next = Instant::now() + pause_after(look.elapsed());
        let before = |file| self.before.get(file).copied().unwrap_or_default();
        files.iter().map(|(file, held)| held.saturating_sub(before(file))).sum()
    }

    /// What is in the folders, with themselves. One that is not there holds nothing.
    fn files(&self) -> HashMap<Id, u64> {
        let Some(roots) = &self.roots else { return HashMap::new() };
        let mut files = HashMap::new();
        for folder in &self.folders {
            // What cannot be looked at here, the digest cannot write to either, or is another user's.
            let _ = add_files(roots, folder, &mut files);
        }
        files
    }

    /// The plain files that a process has open and may have written; none of another user's process.
    fn open_files(&self, process: u32) -> Vec<(Id, u64)> {
        let Ok(handles) = fs::read_dir(format!("/proc/{process}/fd")) else { return Vec::new() };
        handles
            .flatten()
            .filter_map(|handle| self.open_file(&handle.path()).ok().flatten())
            .collect()
    }

    fn open_file(&self, handle: &Path) -> io::Result<Option<(Id, u64)>> {
        let writes = fs::symlink_metadata(handle)?.mode() & WRITES != 0;
        let file = fs::metadata(handle)?;
        let id = (file.dev(), file.ino());
        // What has no name any more may have been written by another handle, which is closed by now.
        let is_left = file.nlink() == 0 && (self.before.contains_key(&id) || self.is_new(&file));
        let held = file.len().min(file.blocks() * BLOCK);
        Ok((file.is_file() && (writes || is_left)).then_some((id, held)))
    }

    /// Whether it came after the digest began. To take its name away, as is done to a source that is
    /// exchanged for another, does not make it new.
    fn is_new(&self, file: &Metadata) -> bool {
        // Not every file system knows when a file came.
        let came = file.created().or_else(|_| file.modified());
        came.is_ok_and(|when| when >= self.begun)
    }
}

/// How long not to look again after a look that took so long.
fn pause_after(look: Duration) -> Duration {
    EVERY.max(look * REST)
}

fn add_files(roots: &Roots, folder: &Path, files: &mut HashMap<Id, u64>) -> Result<(), Denied> {
    let folder = roots.directory(folder)?;
    files.insert(folder.id()?, 0);
    let entries = folder.entries()?.into_iter().filter(|entry| entry.kind == Kind::File);
    files.extend(entries.map(|entry| (entry.id, entry.held)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Write as _, process};

    use super::*;

    fn watched() -> (tempfile::TempDir, Disk) {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("old"), [1; 9_000]).unwrap();
        let disk = Disk::watch(&[], &[home.path().to_owned()]);
        (home, disk)
    }

    #[test]
    fn what_was_there_before_counts_as_far_as_it_grows() {
        let (home, mut disk) = watched();
        assert_eq!(disk.held(process::id()), 0);
        fs::write(home.path().join("new"), [1; 5_000]).unwrap();
        let mut old = File::options().append(true).open(home.path().join("old")).unwrap();
        old.write_all(&[1; 1_000]).unwrap();
        assert_eq!(disk.held(process::id()), 6_000);
        fs::rename(home.path().join("new"), home.path().join("old")).unwrap();
        drop(old);
        assert_eq!(disk.held(process::id()), 5_000, "what is gone makes no room for more");
    }

    #[test]
    fn holes_do_not_count_and_files_without_a_name_do() {
        let (home, mut disk) = watched();
        let path = home.path().join("new");
        let mut file = File::create(&path).unwrap();
        file.set_len(1 << 30).unwrap();
        assert_eq!(disk.held(process::id()), 0);
        fs::remove_file(&path).unwrap();
        file.set_len(0).unwrap();
        file.write_all(&[1; 5_000]).unwrap();
        assert_eq!(disk.held(process::id()), 5_000);
        drop(file);
        assert_eq!(disk.held(process::id()), 0);
    }

    #[test]
    fn a_handle_to_read_a_file_without_a_name_counts_if_the_file_is_new_or_grew() {
        let (home, mut disk) = watched();
        let (new, old) = (home.path().join("new"), home.path().join("old"));
        fs::write(&new, [1; 5_000]).unwrap();
        let readers = [&new, &old].map(|path| File::open(path).unwrap());
        fs::write(&old, [1; 10_000]).unwrap();
        fs::remove_file(new).unwrap();
        fs::remove_file(old).unwrap();
        assert_eq!(disk.held(process::id()), 6_000);
        drop(readers);
        assert_eq!(disk.held(process::id()), 0);
    }

    #[test]
    fn a_source_that_is_taken_away_while_it_is_read_does_not_count() {
        let (elsewhere, (_home, mut disk)) = (tempfile::tempdir().unwrap(), watched());
        let source = elsewhere.path().join("source");
        fs::write(&source, [1; 5_000]).unwrap();
        disk.begun = SystemTime::now() + Duration::from_secs(60);
        let _reader = File::open(&source).unwrap();
        fs::remove_file(source).unwrap();
        assert_eq!(disk.held(process::id()), 0);
    }

    #[test]
    fn the_longer_a_look_takes_the_later_comes_the_next() {
        assert_eq!(pause_after(Duration::from_millis(1)), EVERY);
        assert_eq!(pause_after(Duration::from_secs(1)), Duration::from_secs(10));
    }

    #[test]
    fn a_folder_that_comes_later_counts_from_then_on() {
        let home = tempfile::tempdir().unwrap();
        let later = home.path().join("later");
        let mut disk = Disk::watch(&[], std::slice::from_ref(&later));
        assert_eq!(disk.held(process::id()), 0);
        fs::create_dir(&later).unwrap();
        fs::write(later.join("new"), [1; 5_000]).unwrap();
        assert_eq!(disk.held(process::id()), 5_000);
    }
}
