//! An output on its way: its size and checksum are known when it is written.

use std::{
    fmt::Write as _,
    io::{ErrorKind, Write as _},
    path::PathBuf,
};

use schema::{Finding, OutputFile};
use sha2::{Digest, Sha256};

use super::folder::{Folder, Temporary};
use crate::failure::{error, io_error};

/// A file that is being written.
pub(crate) struct Sink {
    temporary: Temporary,
    path: PathBuf,
    sum: Sha256,
    bytes: u64,
}

impl Sink {
    pub(crate) fn new(folder: &Folder, name: &str) -> Result<Self, Finding> {
        let temporary = folder.temporary()?;
        Ok(Self { temporary, path: folder.at(name), sum: Sha256::new(), bytes: 0 })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Finding> {
        let done = self.temporary.file.write_all(bytes);
        done.map_err(|source| match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => self.full(),
            _ => io_error("write", &self.path, &source),
        })?;
        self.sum.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Makes sure that the bytes are on disk.
    pub(crate) fn sync(&self) -> Result<(), Finding> {
        self.temporary.file.sync_all().map_err(|e| io_error("write", &self.path, &e))
    }

    /// Gives the file its name.
    pub(crate) fn keep(self) -> Result<OutputFile, Finding> {
        let mut sha256 = String::new();
        for byte in self.sum.finalize() {
            let _ = write!(sha256, "{byte:02x}"); // A text takes everything.
        }
        let file = OutputFile { path: self.path.display().to_string(), bytes: self.bytes, sha256 };
        self.temporary.keep(&self.path).map(|()| file)
    }

    fn full(&self) -> Finding {
        let (path, bytes) = (self.path.display(), self.bytes);
        error(format_args!("the disk is full: {bytes} bytes of {path} were written"))
            .remedy("free disk space beside the destination, then run the job again")
    }
}
