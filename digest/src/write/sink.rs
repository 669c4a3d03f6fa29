//! An output on its way: its size and checksum are known when it is written.

use std::{
    fs::File,
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use schema::{Finding, OutputFile};

use super::{
    ahead::Ahead,
    folder::{Folder, Temporary},
    sum::Sum,
};
use crate::failure::{Stop, io_error};

/// A file that is being written.
pub(crate) struct Sink {
    temporary: Temporary,
    path: PathBuf,
    sum: Sum,
    ahead: Ahead,
}

impl Sink {
    pub(crate) fn new(folder: &Folder, name: &str) -> Result<Self, Finding> {
        let temporary = folder.temporary()?;
        Ok(Self { temporary, path: folder.at(name), sum: Sum::new(), ahead: Ahead::default() })
    }

    /// Writes a buffer, which may come back from [`Sink::buffer`].
    pub(crate) fn write(&mut self, bytes: Vec<u8>) -> Result<(), Stop> {
        let file = &mut self.temporary.file;
        let done = file.write_all(&bytes).and_then(|()| self.ahead.wrote(bytes.len(), file));
        done.map_err(|e| write_error("write", &self.path, &e))?;
        self.sum.update(bytes);
        Ok(())
    }

    /// An empty buffer to fill.
    pub(crate) fn buffer(&mut self) -> Vec<u8> {
        self.sum.buffer()
    }

    /// Makes sure that the bytes are on disk.
    pub(crate) fn sync(&mut self) -> Result<(), Stop> {
        let done = self.ahead.finish(&self.temporary.file);
        done.map_err(|e| write_error("write", &self.path, &e))
    }

    /// What was written, once it is synced.
    pub(crate) fn file(&self) -> &File {
        &self.temporary.file
    }

    /// How many bytes were written.
    pub(crate) fn bytes(&self) -> u64 {
        self.sum.bytes()
    }

    /// Gives the file its name.
    pub(crate) fn keep(self) -> Result<OutputFile, Finding> {
        let bytes = self.bytes();
        let path = self.path.display().to_string();
        self.temporary.keep(&self.path)?;
        Ok(OutputFile { path, bytes, sha256: self.sum.finish() })
    }
}

/// What it means that something could not be written.
pub(super) fn write_error(doing: &str, path: &Path, source: &io::Error) -> Stop {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Stop::DiskFull,
        _ => io_error(doing, path, source).into(),
    }
}
