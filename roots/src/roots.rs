//! Folders that paths must lie under.

use std::{
    fs::{self, File},
    io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, Mode, OFlags, openat};

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
    handle: OwnedFd,
}

impl Roots {
    /// Takes the folders, which must exist; none means that every path is allowed.
    pub fn open(folders: &[PathBuf]) -> io::Result<Self> {
        let anywhere = [PathBuf::from("/")];
        let folders = if folders.is_empty() { &anywhere } else { folders };
        folders.iter().map(|folder| Root::open(folder)).collect::<io::Result<_>>().map(Self)
    }

    /// The roots themselves.
    pub fn handles(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.iter().map(|root| root.handle.as_fd())
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
            Some(way) if way == rest => self.file(path),
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
        let (root, rest) = self.find(path)?;
        let handle = beneath::make(&root.handle, &rest).map_err(|e| Denied::of(path, e))?;
        Ok(Directory::new(handle, path))
    }

    /// The root that a path leads to, and the way from there without links and dots.
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
        self.0.iter().find_map(|root| Some((root, real.strip_prefix(&root.real).ok()?.to_owned())))
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
        let real = fs::canonicalize(folder)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = openat(CWD, &real, flags, Mode::empty())?;
        Ok(Self { named: folder.to_owned(), real, handle })
    }

    fn rest_of<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.strip_prefix(&self.named).or_else(|_| path.strip_prefix(&self.real)).ok()
    }
}
