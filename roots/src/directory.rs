//! A folder that is used by its handle, whatever becomes of its name.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{ffi::OsStringExt as _, fs::MetadataExt as _},
    },
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, openat, renameat, statat, unlinkat},
    io::Errno,
};

use crate::{Denied, Roots};

/// How things are opened to be read. Without waiting: what lies there may be a pipe by now.
pub(crate) const READ: OFlags =
    OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// What `stat` counts room on the disk in, whatever the disk has.
const BLOCK: u64 = 512;

/// What was opened to be read.
#[derive(Debug)]
pub enum Opened {
    /// A plain file.
    File(File),
    /// A folder.
    Directory(Directory),
}

impl Opened {
    pub(crate) fn new(handle: OwnedFd, path: &Path) -> Result<Self, Denied> {
        match Kind::of(fstat(&handle).map_err(io::Error::from)?.st_mode) {
            Kind::File => Ok(Self::File(handle.into())),
            Kind::Directory => Ok(Self::Directory(Directory::new(handle, path))),
            Kind::Link | Kind::Special => Err(Denied::Special(path.to_owned())),
        }
    }
}

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name there.
    pub name: OsString,
    /// What it is; links are not followed.
    pub kind: Kind,
    /// How long it is.
    pub bytes: u64,
    /// How much of the disk is taken by what is in it: nothing for holes, nor for room set aside.
    pub held: u64,
    /// Which one it is, whatever its name: its file system and its number there.
    pub id: (u64, u64),
}

/// What something in a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A plain file.
    File,
    /// A folder.
    Directory,
    /// A link to something, or to nothing.
    Link,
    /// A pipe, a device or a socket.
    Special,
}

impl Kind {
    fn of(mode: u32) -> Self {
        match FileType::from_raw_mode(mode) {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Link,
            _ => Self::Special,
        }
    }
}

/// A folder that is used by its handle. Names are those of things in it, and no paths.
#[derive(Debug)]
pub struct Directory {
    handle: File,
    path: PathBuf,
}

impl Directory {
    pub(crate) fn new(handle: OwnedFd, path: &Path) -> Self {
        Self { handle: handle.into(), path: path.to_owned() }
    }

    /// How it was asked for.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which one it is: its file system and its number there.
    pub fn id(&self) -> io::Result<(u64, u64)> {
        let here = self.handle.metadata()?;
        Ok((here.dev(), here.ino()))
    }

    /// What is in it, in no order. What is gone before it is looked at is not there.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in Dir::read_from(&self.handle)? {
            let name = entry?.file_name().to_owned();
            if [c".", c".."].contains(&&*name) {
                continue;
            }
            let stat = match statat(&self.handle, &*name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue,
                stat => stat?,
            };
            let name = OsString::from_vec(name.into_bytes());
            let (kind, bytes) = (Kind::of(stat.st_mode), stat.st_size as u64);
            let held = bytes.min(stat.st_blocks as u64 * BLOCK);
            entries.push(Entry { name, kind, bytes, held, id: (stat.st_dev, stat.st_ino) });
        }
        Ok(entries)
    }

    /// Opens a plain file in it, to read. A link is [`Denied::Changed`].
    pub fn file(&self, name: &OsStr) -> Result<File, Denied> {
        let path = || self.path.join(name);
        let flags = READ | OFlags::NOFOLLOW;
        let handle = openat(&self.handle, plain(name)?, flags, Mode::empty());
        match Opened::new(handle.map_err(|e| Denied::of(&path(), e))?, &path())? {
            Opened::File(file) => Ok(file),
            Opened::Directory(_) => Err(io::Error::from(io::ErrorKind::IsADirectory).into()),
        }
    }

    /// Makes a new file in it, to read and write.
    pub fn create(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = openat(&self.handle, plain(name)?, flags, Mode::from_raw_mode(0o666))?;
        Ok(file.into())
    }

    /// Gives something in it another name, over whatever has that now.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.handle, plain(from)?, &self.handle, plain(to)?)?)
    }

    /// Removes a file, or a link, from it.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.handle, plain(name)?, AtFlags::empty())?)
    }

    /// Whether its path still leads to it.
    pub fn is_in_place(&self, roots: &Roots) -> Result<bool, Denied> {
        let there = match roots.directory(&self.path) {
            Err(Denied::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            there => there?,
        };
        Ok(self.id()? == there.id()?)
    }

    /// Holds it for oneself, against all who ask so, until the answer is dropped.
    pub fn lock(&self) -> io::Result<File> {
        // Opened anew, since locks belong to what was opened and not to who has it.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let lock = File::from(openat(&self.handle, ".", flags, Mode::empty())?);
        lock.lock()?;
        Ok(lock)
    }

    /// Makes new names in it last.
    pub fn sync(&self) -> io::Result<()> {
        self.handle.sync_all()
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

/// The name of something in a folder, which leads nowhere else.
fn plain(name: &OsStr) -> io::Result<&OsStr> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(part)), None) if part == name => Ok(name),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no name for a file")),
    }
}
