//! Which files are read, and in which order.

use std::{
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use schema::Finding;

use crate::failure::{error, io_error};

/// The files of a digest, by name as bytes.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) extent: Extent,
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
}

impl Source {
    /// Finds the files; those of sub-folders do not count.
    pub(crate) fn find(path: &Path) -> Result<Self, Finding> {
        let metadata = fs::metadata(path).map_err(|e| io_error("read the source", path, &e))?;
        let mut files = Vec::new();
        if metadata.is_dir() {
            let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
            for entry in entries.map_err(|e| io_error("list the source", path, &e))? {
                files.extend(SourceFile::find(entry.path())?);
            }
        } else {
            files.extend(SourceFile::find(path.to_owned())?);
        }
        if files.is_empty() {
            let problem = format!("there is no file in the source {}", path.display());
            return Err(error(problem).remedy("put the files to load into this folder"));
        }
        files.sort_by(|a, b| a.path.as_os_str().as_bytes().cmp(b.path.as_os_str().as_bytes()));
        Ok(Self { files, extent: Extent::WHOLE })
    }

    /// How much there is to read.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl SourceFile {
    /// A plain file, nothing for a folder; whatever else there is cannot be read twice and alike.
    fn find(path: PathBuf) -> Result<Option<Self>, Finding> {
        let metadata = fs::metadata(&path).map_err(|e| io_error("read", &path, &e))?;
        if metadata.is_dir() {
            return Ok(None);
        }
        if !metadata.is_file() {
            let problem = format!("{} is neither a file nor a folder", path.display());
            return Err(error(problem).remedy("take it out of the source folder"));
        }
        Ok(Some(Self { bytes: metadata.len(), path }))
    }
}
