//! An output on its way: its size and checksum are known when it is written.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, ErrorKind, Write as _},
    mem,
    path::{Path, PathBuf},
};

use schema::{Finding, OutputFile};
use sha2::{Digest, Sha256};

use super::{
    beside::Beside,
    block::Block,
    folder::{Folder, Temporary},
};
use crate::failure::{Stop, error, io_error};

/// How many buffers are kept to be used again.
const SPARE: usize = 24;

/// A file that is being written.
pub(crate) struct Sink<'a> {
    folder: &'a Folder<'a>,
    temporary: Temporary<'a>,
    path: PathBuf,
    bytes: u64,
    /// What is not yet on its way to the disk.
    block: Block,
    way: Way,
    /// Buffers that may be used again.
    spare: Vec<Vec<u8>>,
}

/// Where blocks go.
enum Way {
    /// Nowhere yet: there was none that is full.
    Small,
    /// Where no threads can be had.
    Here(Sha256),
    Beside(Beside),
    /// On disk, with this checksum.
    Ended(Option<Sha256>),
}

impl<'a> Sink<'a> {
    pub(crate) fn new(folder: &'a Folder<'a>, name: &str) -> Result<Self, Finding> {
        Ok(Self {
            folder,
            temporary: folder.temporary()?,
            path: folder.at(name),
            bytes: 0,
            block: Block::new(folder.block_bytes()),
            way: Way::Small,
            spare: Vec::new(),
        })
    }

    /// Writes a buffer, which may come back from [`Sink::buffer`].
    pub(crate) fn write(&mut self, buffer: Vec<u8>) -> Result<(), Stop> {
        self.append(&buffer)?;
        self.recycle(buffer);
        Ok(())
    }

    /// Writes some bytes.
    pub(crate) fn append(&mut self, mut bytes: &[u8]) -> Result<(), Stop> {
        self.bytes += bytes.len() as u64;
        self.folder.may_have(&self.path, self.bytes)?;
        while !bytes.is_empty() {
            bytes = self.block.fill(bytes);
            if self.block.is_full() {
                self.folder.hold(self.block.bytes().len())?;
                self.pass_on().map_err(|e| write_error("write", &self.path, &e))?;
            }
        }
        Ok(())
    }

    /// Passes a full block on.
    fn pass_on(&mut self) -> io::Result<()> {
        if let Way::Small = self.way {
            let beside = self.temporary.file.try_clone().and_then(Beside::start);
            self.way = beside.map_or_else(|_| Way::Here(Sha256::new()), Way::Beside);
        }
        let mut block = mem::take(&mut self.block);
        match &mut self.way {
            Way::Here(sum) => {
                sum.update(block.bytes());
                self.temporary.file.write_all(block.bytes())?;
                block.clear();
                self.block = block;
                Ok(())
            }
            Way::Beside(beside) => match beside.exchange(block) {
                Some(empty) => {
                    self.block = empty;
                    Ok(())
                }
                None => self.end(),
            },
            Way::Small | Way::Ended(_) => Err(io::Error::other("it has ended")),
        }
    }

    /// Takes a buffer back.
    pub(crate) fn recycle(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.spare.push(buffer);
        self.spare.truncate(SPARE);
    }

    /// An empty buffer to fill.
    pub(crate) fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Makes sure that the bytes are on disk.
    pub(crate) fn sync(&mut self) -> Result<(), Stop> {
        self.folder.hold(self.block.bytes().len())?;
        let done = self.end().and_then(|()| self.temporary.file.sync_all());
        done.map_err(|e| write_error("write", &self.path, &e))
    }

    fn end(&mut self) -> io::Result<()> {
        let block = mem::take(&mut self.block);
        let sum = match mem::replace(&mut self.way, Way::Ended(None)) {
            Way::Small => self.write_last(Sha256::new(), &block)?,
            Way::Here(sum) => self.write_last(sum, &block)?,
            Way::Beside(beside) => beside.finish(block)?,
            Way::Ended(Some(sum)) => sum,
            Way::Ended(None) => return Ok(()),
        };
        self.way = Way::Ended(Some(sum));
        Ok(())
    }

    fn write_last(&mut self, mut sum: Sha256, block: &Block) -> io::Result<Sha256> {
        sum.update(block.bytes());
        self.temporary.file.write_all(block.bytes())?;
        Ok(sum)
    }

    /// What was written, once it is synced.
    pub(crate) fn file(&self) -> &File {
        &self.temporary.file
    }

    /// How many bytes were written.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives the file its name, when it is on disk.
    pub(crate) fn keep(self) -> Result<OutputFile, Finding> {
        let Way::Ended(Some(sum)) = self.way else {
            return Err(error(format_args!("{} is not all on disk", self.path.display())));
        };
        self.temporary.keep(&self.path)?;
        let path = self.path.display().to_string();
        Ok(OutputFile { path, bytes: self.bytes, sha256: hexadecimal(sum) })
    }
}

fn hexadecimal(sum: Sha256) -> String {
    let mut text = String::new();
    for byte in sum.finalize() {
        let _ = write!(text, "{byte:02x}"); // A text takes everything.
    }
    text
}

/// What it means that something could not be written.
pub(super) fn write_error(doing: &str, path: &Path, source: &io::Error) -> Stop {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Stop::DiskFull,
        _ => io_error(doing, path, source).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::{super::folder::tests::folder, *};

    /// Writes parts of these lengths, and looks at what came of them.
    fn write(parts: &[usize], memory: usize) {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(home.path(), memory);
        let mut sink = Sink::new(&folder, "out").unwrap();
        let mut whole = Vec::new();
        for (i, bytes) in parts.iter().enumerate() {
            let mut part = sink.buffer();
            assert!(part.is_empty());
            part.extend((0..*bytes).map(|byte| ((byte % 251) ^ i) as u8));
            whole.extend_from_slice(&part);
            sink.write(part).unwrap();
        }
        assert_eq!(matches!(sink.way, Way::Beside(_)), whole.len() >= folder.block_bytes());
        sink.sync().unwrap();
        let kept = sink.keep().unwrap();
        assert!(fs::read(home.path().join("out")).unwrap() == whole);
        assert_eq!(kept.bytes, whole.len() as u64);
        assert_eq!(kept.sha256, hexadecimal(Sha256::new_with_prefix(&whole)));
    }

    #[test]
    fn an_output_of_any_size_has_all_its_bytes_and_their_checksum() {
        for parts in [0, 1, 4, 40, 41] {
            write(&vec![300_001; parts], 192 << 20);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_output_of_small_blocks_has_all_its_bytes_and_their_checksum(
            parts in prop::collection::vec(prop_oneof![0..50_000usize, Just(4096), Just(32768)], 0..12)
        ) {
            write(&parts, 0);
        }
    }

    #[test]
    fn what_is_not_on_disk_gets_no_name() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(home.path(), 0);
        let mut sink = Sink::new(&folder, "out").unwrap();
        sink.write(vec![1]).unwrap();
        assert!(sink.keep().is_err());
        assert!(fs::read_dir(home.path()).unwrap().next().is_none());
    }
}
