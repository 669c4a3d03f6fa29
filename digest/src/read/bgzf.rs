//! Compressed files: gzip, and BGZF, whose blocks can be inflated side by side.

use std::io::{self, BufReader, Read};

use flate2::{Decompress, FlushDecompress, Status, bufread::MultiGzDecoder};
use rayon::{ThreadPool, prelude::*};

/// How many compressed blocks are inflated at once (each gives at most 64 KiB).
const BLOCKS: usize = 64;

/// The most a block can hold.
const BLOCK_BYTES: usize = 1 << 16;

/// The fixed part of a block's head, up to where its own size stands.
const HEAD_BYTES: usize = 18;

/// Wraps a reader so that it gives plain bytes, whatever it holds.
pub(super) fn plain<'a, R: Read + Send + 'a>(
    mut file: R,
    pool: Option<&'a ThreadPool>,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let gzip = head.starts_with(&[0x1f, 0x8b, 8]);
    let bgzf = block_size(&head).is_some();
    let file = io::Cursor::new(head).chain(file);
    Ok(match (gzip, bgzf) {
        (_, true) => Box::new(Bgzf {
            file: BufReader::with_capacity(1 << 20, file),
            pool,
            out: Vec::new(),
            at: 0,
        }),
        (true, _) => Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 20, file))),
        _ => Box::new(file),
    })
}

/// The whole block's size, if this is the head of one.
fn block_size(head: &[u8]) -> Option<usize> {
    let is_block = head.len() >= HEAD_BYTES
        && head[..4] == [0x1f, 0x8b, 8, 4]
        && head[10..12] == [6, 0]
        && head[12..16] == *b"BC\x02\x00";
    is_block.then(|| usize::from(u16::from_le_bytes([head[16], head[17]])) + 1)
}

/// Inflates some blocks at a time in parallel.
struct Bgzf<'a, R> {
    file: R,
    pool: Option<&'a ThreadPool>,
    out: Vec<u8>,
    at: usize,
}

impl<R: Read> Read for Bgzf<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() {
            if !self.inflate()? {
                return Ok(0);
            }
        }
        let part = into.len().min(self.out.len() - self.at);
        into[..part].copy_from_slice(&self.out[self.at..self.at + part]);
        self.at += part;
        Ok(part)
    }
}

impl<R: Read> Bgzf<'_, R> {
    fn inflate(&mut self) -> io::Result<bool> {
        let mut blocks = Vec::with_capacity(BLOCKS);
        while blocks.len() < BLOCKS {
            match self.block()? {
                Some(block) => blocks.push(block),
                None => break,
            }
        }
        let work = || blocks.par_iter().map(|block| inflate(block)).collect();
        let parts: Vec<io::Result<Vec<u8>>> = match self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        };
        self.out.clear();
        self.at = 0;
        // In order, so that it is always the first damaged block that is told.
        for part in parts {
            self.out.extend_from_slice(&part?);
        }
        Ok(!blocks.is_empty())
    }

    /// The next whole block.
    fn block(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut block = Vec::new();
        self.file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut block)?;
        if block.is_empty() {
            return Ok(None);
        }
        let size = block_size(&block).ok_or_else(|| bad("a block without a head"))?;
        let rest = size.checked_sub(HEAD_BYTES).ok_or_else(|| bad("a block that is too short"))?;
        let read = self.file.by_ref().take(rest as u64).read_to_end(&mut block)?;
        if read < rest {
            return Err(bad("it ends within a block"));
        }
        Ok(Some(block))
    }
}

fn inflate(block: &[u8]) -> io::Result<Vec<u8>> {
    let end = block.len().checked_sub(8).filter(|end| *end >= HEAD_BYTES);
    let end = end.ok_or_else(|| bad("a block that is too short"))?;
    let word = |at: usize| [0, 1, 2, 3].map(|i| block[at + i]);
    let size = u32::from_le_bytes(word(end + 4)) as usize;
    if size > BLOCK_BYTES {
        return Err(bad("a block that is too large"));
    }
    let mut out = Vec::with_capacity(size + 1);
    let mut inflater = Decompress::new(false);
    let status =
        inflater.decompress_vec(&block[HEAD_BYTES..end], &mut out, FlushDecompress::Finish)?;
    let mut sum = flate2::Crc::new();
    sum.update(&out);
    if status != Status::StreamEnd || out.len() != size || sum.sum().to_le_bytes() != word(end) {
        return Err(bad("a damaged block"));
    }
    Ok(out)
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the compressed data has {what}"))
}
