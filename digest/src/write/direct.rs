//! Writes past the page cache, where the file system can.
//!
//! A large output would fill the cache with what hardly anybody reads soon, and bringing it from
//! there to disk costs more time of processors than writing it does.

use std::{
    fs::File,
    io::{self, ErrorKind, IoSlice, Write as _},
};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::block::{ALIGNMENT, Block};

/// A file that takes aligned blocks, and at its end one that is not.
#[derive(Debug)]
pub(super) struct Direct {
    file: File,
    is_direct: bool,
}

impl Direct {
    /// Goes on where the file ends, which is at a multiple of [`ALIGNMENT`].
    pub(super) fn new(file: File) -> Self {
        let is_direct = set_direct(&file, true).is_ok();
        Self { file, is_direct }
    }

    /// Writes blocks, of which only the last one of all may be shorter than the others.
    pub(super) fn write(&mut self, blocks: &[Block]) -> io::Result<()> {
        let is_aligned = |block: &&Block| block.bytes().len().is_multiple_of(ALIGNMENT);
        let aligned = blocks.iter().take_while(is_aligned).count();
        self.write_all(&blocks[..aligned])?;
        if aligned < blocks.len() {
            self.go_through_cache()?;
        }
        self.write_all(&blocks[aligned..])
    }

    fn write_all(&mut self, blocks: &[Block]) -> io::Result<()> {
        let mut parts: Vec<_> = blocks.iter().map(|block| IoSlice::new(block.bytes())).collect();
        let mut parts = &mut parts[..];
        IoSlice::advance_slices(&mut parts, 0); // There may be nothing in the last one.
        while !parts.is_empty() {
            match self.file.write_vectored(parts) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut parts, written),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                // This file system wants it otherwise.
                Err(e) if e.kind() == ErrorKind::InvalidInput && self.is_direct => {
                    self.go_through_cache()?;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn go_through_cache(&mut self) -> io::Result<()> {
        if self.is_direct {
            set_direct(&self.file, false)?;
            self.is_direct = false;
        }
        Ok(())
    }
}

fn set_direct(file: &File, is_direct: bool) -> io::Result<()> {
    let mut flags = fcntl_getfl(file)?;
    flags.set(OFlags::DIRECT, is_direct);
    Ok(fcntl_setfl(file, flags)?)
}
