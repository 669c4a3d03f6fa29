//! Folders that paths must lie under.

use std::{
    fs::{self, File},
    io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, Mode, OFlags, fchmod, openat};

use crate::{
    Denied, Directory, Opened, beneath,
    directory::READ,
    resolve::{is_plain, resolve},
};

/// Folders that paths must lie under.
#[derive(Debug)]
pub struct Roots(Vec<Root>);

#[derive(Debug)]
struct Root {
    /// As it was named; this may lead through links.
    named: PathBuf,
    /// Where it is.
    real: PathBuf,
    /// Where what there is of it is, and its handle.
    base: PathBuf,
    handle: OwnedFd,
}

impl Roots {
    /// Takes the folders, which may be missing; none means that every path is allowed.
    pub fn open(folders: &[PathBuf]) -> io::Result<Self> {
        let anywhere = [PathBuf::from("/")];
        let folders = if folders.is_empty() { &anywhere } else { folders };
        folders.iter().map(|folder| Root::open(folder)).collect::<io::Result<_>>().map(Self)
    }

    /// The roots themselves, as far as they are there.
    pub fn handles(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.iter().filter(|root| root.base == root.real).map(|root| root.handle.as_fd())
    }

    /// Whether a path, which need not exist, lies under a root.
    pub fn allow(&self, path: &Path) -> Result<(), Denied> {
        self.find(path).map(drop)
    }

    /// Opens a plain file or a folder, to read.
    pub fn read(&self, path: &Path) -> Result<Opened, Denied> {
        let (root, rest) = self.find(path)?;
        // What is no file is not opened: that alone can rewind a tape.
        let handle = beneath::open(&root.handle, &rest, OFlags::PATH);
        Opened::new(handle.map_err(|e| Denied::of(path, e))?, path)?;
        let opened = beneath::open(&root.handle, &rest, READ);
        Opened::new(opened.map_err(|e| Denied::of(path, e))?, path)
    }

    /// Opens a plain file, to read.
    pub fn file(&self, path: &Path) -> Result<File, Denied> {
        match self.read(path)? {
            Opened::File(file) => Ok(file),
            Opened::Directory(_) => Err(io::Error::from(io::ErrorKind::IsADirectory).into()),
        }
    }

    /// Opens a plain file that lies where its path says, to read: below a root no link is followed.
    pub fn file_itself(&self, path: &Path) -> Result<File, Denied> {
        let (root, rest) = self.find(path)?;
        match root.rest_of(path) {
            Some(way) if root.real.join(way) == root.base.join(&rest) => self.file(path),
            _ => Err(Denied::Link(path.to_owned())),
        }
    }

    /// Opens a folder.
    pub fn directory(&self, path: &Path) -> Result<Directory, Denied> {
        match self.read(path)? {
            Opened::Directory(directory) => Ok(directory),
            Opened::File(_) => Err(io::Error::from(io::ErrorKind::NotADirectory).into()),
        }
    }

    /// Opens a folder, making what is missing of it.
    pub fn make(&self, path: &Path) -> Result<Directory, Denied> {
        let (way, _) = self.make_way(path)?;
        let handle = beneath::enter(&way).map_err(|e| Denied::of(path, e))?;
        Ok(Directory::new(handle, path))
    }

    /// Makes a folder with this mode, whatever the process masks; one that is there stays as it is.
    pub fn make_with_mode(&self, path: &Path, mode: u32) -> Result<(), Denied> {
        let (way, is_new) = self.make_way(path)?;
        if is_new {
            let handle = beneath::enter(&way).map_err(|e| Denied::of(path, e))?;
            fchmod(handle, Mode::from_raw_mode(mode)).map_err(io::Error::from)?;
        }
        Ok(())
    }

    fn make_way(&self, path: &Path) -> Result<(OwnedFd, bool), Denied> {
        let (root, rest) = self.find(path)?;
        beneath::make(&root.handle, &rest).map_err(|e| Denied::of(path, e))
    }

    /// The root that a path leads to, and the way from its handle without links and dots.
    fn find(&self, path: &Path) -> Result<(&Root, PathBuf), Denied> {
        let real = resolve(path);
        if let Ok(real) = &real
            && let Some(found) = self.above(real)
        {
            return Ok(found);
        }
        let link = self.way_out(path);
        match real {
            Err(error) if link.is_none() && self.names(path) => Err(error.into()),
            _ => Err(Denied::Outside { path: path.to_owned(), link }),
        }
    }

    fn above(&self, real: &Path) -> Option<(&Root, PathBuf)> {
        let root = self.0.iter().find(|root| real.starts_with(&root.real))?;
        Some((root, real.strip_prefix(&root.base).ok()?.to_owned()))
    }

    /// Whether the path is below a root by its name.
    fn names(&self, path: &Path) -> bool {
        self.0.iter().any(|root| root.rest_of(path).is_some_and(is_plain))
    }

    /// The link below a root that leads out of all of them, and that root.
    fn way_out(&self, path: &Path) -> Option<(PathBuf, PathBuf)> {
        let mut ways: Vec<_> = path.ancestors().collect();
        ways.reverse();
        ways.into_iter().find_map(|way| {
            let root = self.0.iter().find(|root| root.rest_of(way).is_some_and(is_plain))?;
            let target = way.parent()?.join(fs::read_link(way).ok()?);
            let is_inside = resolve(&target).is_ok_and(|real| self.above(&real).is_some());
            (!is_inside && way != root.named).then(|| (way.to_owned(), root.named.clone()))
        })
    }
}

impl Root {
    fn open(folder: &Path) -> io::Result<Self> {
        let real = resolve(folder)?;
        let is_there = |base: &&Path| fs::symlink_metadata(base).is_ok();
        let base = real.ancestors().find(is_there).unwrap_or(Path::new("/")).to_owned();
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = openat(CWD, &base, flags, Mode::empty())?;
        Ok(Self { named: folder.to_owned(), real, base, handle })
    }

    fn rest_of<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.strip_prefix(&self.named).or_else(|_| path.strip_prefix(&self.real)).ok()
    }
}
