//! Which files are read, and in which order.

use std::{
    fs::File,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use roots::{Denied, Directory, Entry, Kind, Opened, Roots};
use schema::Finding;

use crate::{
    failure::{error, io_error},
    paths::denied,
};

/// The files of a digest, by name as bytes.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) extent: Extent,
    pub(crate) roots: Arc<Roots>,
    /// Where the files are, unless there is just one, which was named.
    folder: Option<Directory>,
}

/// How much of each file is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// So many lines at most.
    pub(crate) lines: u64,
    /// About so many bytes at most,
    pub(crate) bytes: u64,
    /// and yet so many lines at least.
    pub(crate) least: u64,
}

impl Extent {
    /// All of it.
    pub(crate) const WHOLE: Self = Self { lines: u64::MAX, bytes: u64::MAX, least: 0 };
}

/// One of them, with its size when it was found.
#[derive(Debug)]
pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// It lies elsewhere, under a root all the same.
    is_link: bool,
}

impl Source {
    /// Finds the files; those of sub-folders do not count.
    pub(crate) fn find(roots: Arc<Roots>, path: &Path) -> Result<Self, Finding> {
        let found = roots.read(path).map_err(|e| denied("read the source", path, &e))?;
        let (mut files, folder) = match found {
            Opened::File(file) => (vec![SourceFile::linked(path.to_owned(), &file)?], None),
            Opened::Directory(folder) => (files(&roots, &folder)?, Some(folder)),
        };
        if files.is_empty() {
            let problem = format!("there is no file in the source {}", path.display());
            return Err(error(problem).remedy("put the files to load into this folder"));
        }
        files.sort_by(|a, b| a.path.as_os_str().as_bytes().cmp(b.path.as_os_str().as_bytes()));
        Ok(Self { files, extent: Extent::WHOLE, roots, folder })
    }

    /// Opens one of its files.
    pub(crate) fn open(&self, file: &SourceFile) -> Result<File, Finding> {
        let opened = match (&self.folder, file.path.file_name()) {
            (Some(folder), Some(name)) if !file.is_link => folder.file(name),
            _ => self.roots.file(&file.path),
        };
        opened.map_err(|e| denied("read", &file.path, &e))
    }

    /// How much there is to read.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

fn files(roots: &Roots, folder: &Directory) -> Result<Vec<SourceFile>, Finding> {
    let entries = folder.entries().map_err(|e| io_error("list the source", folder.path(), &e))?;
    let files = entries.into_iter().map(|entry| SourceFile::find(roots, folder.path(), &entry));
    files.filter_map(Result::transpose).collect()
}

impl SourceFile {
    /// A plain file, nothing for a folder; whatever else there is cannot be read twice and alike.
    fn find(roots: &Roots, folder: &Path, entry: &Entry) -> Result<Option<Self>, Finding> {
        let path = folder.join(&entry.name);
        match entry.kind {
            Kind::File => Ok(Some(Self { path, bytes: entry.bytes, is_link: false })),
            Kind::Directory => Ok(None),
            Kind::Link => match roots.read(&path).map_err(|e| denied("read", &path, &e))? {
                Opened::File(file) => Self::linked(path, &file).map(Some),
                Opened::Directory(_) => Ok(None),
            },
            Kind::Special => Err(denied("read", &path, &Denied::Special(path.clone()))),
        }
    }

    /// A file that is opened by its whole path.
    fn linked(path: PathBuf, file: &File) -> Result<Self, Finding> {
        let metadata = file.metadata().map_err(|e| io_error("read", &path, &e))?;
        Ok(Self { path, bytes: metadata.len(), is_link: true })
    }
}
