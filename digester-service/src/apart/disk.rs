//! What a digest holds of the disk, as the node sees it, whatever the digest says.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use roots::{Denied, Kind, Roots};

/// How often is looked at most.
const EVERY: Duration = Duration::from_millis(250);
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
    next: Instant,
}

impl Disk {
    /// Remembers what is there before the digest begins.
    pub(super) fn watch(roots: &[PathBuf], folders: &[PathBuf]) -> Self {
        // Without roots the digest itself tells what is wrong with them.
        let roots = Roots::open(roots).ok().filter(|_| !folders.is_empty());
        let (folders, next) = (folders.to_vec(), Instant::now() + EVERY);
        let mut disk = Self { roots, folders, before: HashMap::new(), next };
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
        let mut files = self.files();
        let disks: HashSet<u64> = files.keys().map(|(disk, _)| *disk).collect();
        files.extend(open_files(process).into_iter().filter(|((disk, _), _)| disks.contains(disk)));
        self.next = Instant::now() + EVERY;
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
}

fn add_files(roots: &Roots, folder: &Path, files: &mut HashMap<Id, u64>) -> Result<(), Denied> {
    let folder = roots.directory(folder)?;
    files.insert(folder.id()?, 0);
    let entries = folder.entries()?.into_iter().filter(|entry| entry.kind == Kind::File);
    files.extend(entries.map(|entry| (entry.id, entry.held)));
    Ok(())
}

/// The plain files that a process has open to write; none of another user's process.
fn open_files(process: u32) -> Vec<(Id, u64)> {
    let Ok(handles) = fs::read_dir(format!("/proc/{process}/fd")) else { return Vec::new() };
    handles.flatten().filter_map(|handle| open_file(&handle.path()).ok().flatten()).collect()
}

fn open_file(handle: &Path) -> io::Result<Option<(Id, u64)>> {
    if fs::symlink_metadata(handle)?.mode() & WRITES == 0 {
        return Ok(None);
    }
    let file = fs::metadata(handle)?;
    let held = file.len().min(file.blocks() * BLOCK);
    Ok(file.is_file().then_some(((file.dev(), file.ino()), held)))
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
