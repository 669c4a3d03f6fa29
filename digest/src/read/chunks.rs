//! Chunks of whole lines, file after file.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rayon::ThreadPool;
use schema::Finding;

use super::{
    Extent, Source, bgzf,
    lines::{self, LineEnds},
    source::SourceFile,
};
use crate::{
    Options,
    failure::{error, io_error},
};

/// By how much a buffer grows at most while a line goes on, and how much may be read beyond it.
const GROWTH: usize = 4 << 20;

/// Some whole lines of a file.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Which file, by its place in the source.
    pub(crate) file: usize,
    /// The number of its first line, from 0.
    pub(crate) first_line: u64,
    /// Whether the file ends with it.
    pub(crate) last: bool,
    /// The lines, and behind them what the buffer has to spare.
    bytes: Vec<u8>,
    end: usize,
    ends: LineEnds,
}

impl Chunk {
    /// How many bytes the lines have.
    pub(crate) fn len(&self) -> usize {
        self.end
    }

    /// The number of the line behind its last one.
    pub(crate) fn end_line(&self) -> u64 {
        self.first_line + self.ends.count()
    }

    /// The lines, as they were read.
    pub(crate) fn text(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    /// The lines, without their ends.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.ends.lines(self.text())
    }

    /// Takes a line out of it, by its number in the file. That destroys the lines behind it: a line
    /// of many megabytes, with which its chunk begins, is not copied.
    pub(crate) fn take_line(&mut self, number: u64) -> Vec<u8> {
        let mut line = self.ends.line((number - self.first_line) as usize);
        line.end = line.start + lines::bare(&self.bytes[line.clone()]).len();
        if line.start > 0 {
            return self.bytes[line].to_vec();
        }
        self.end = 0;
        let mut text = std::mem::take(&mut self.bytes);
        text.truncate(line.end);
        text.shrink_to_fit();
        text
    }

    /// Ends the file where no more of it is to be read, `given` being the bytes of it that went
    /// before. Answers whether there is more.
    fn keep(&mut self, extent: Extent, given: u64) -> bool {
        let room = extent.lines.saturating_sub(self.first_line);
        let is_over = self.ends.count() > room;
        if is_over {
            self.end = self.ends.keep(room as usize);
        }
        let is_enough = given + self.end as u64 >= extent.bytes && self.end_line() >= extent.least;
        let is_cut = is_over || (is_enough && !self.last);
        self.last |= is_cut;
        is_cut
    }

    /// Gives its buffer back.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }
}

/// Cuts the files of a source into chunks, each file's last one marked as such.
pub(crate) struct Chunks<'a> {
    source: &'a Source,
    open: Option<Open<'a>>,
    next_file: usize,
    chunk: usize,
    longest_line: usize,
    spare: Vec<Vec<u8>>,
    pool: Option<&'a ThreadPool>,
    /// Bytes read from disk.
    read: Arc<AtomicU64>,
    /// Lines of all files so far.
    lines: u64,
    /// How many lines were read of the file that was cut first.
    cut: Option<u64>,
}

/// The file being read.
struct Open<'a> {
    file: &'a SourceFile,
    handle: File,
    before: Metadata,
    reader: Box<dyn Read + Send + 'a>,
    line: u64,
    /// How many bytes of it were given out.
    given: u64,
    carry: Vec<u8>,
}

impl<'a> Chunks<'a> {
    pub(crate) fn new(source: &'a Source, options: &Options<'a>) -> Self {
        Self {
            source,
            open: None,
            next_file: 0,
            chunk: options.chunk.max(1),
            longest_line: options.memory.max(options.chunk),
            spare: Vec::new(),
            pool: options.pool,
            read: Arc::default(),
            lines: 0,
            cut: None,
        }
    }

    /// How many lines have been read.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Of the files that are not read to their end, the fewest lines that were read of one.
    pub(crate) fn cut(&self) -> Option<u64> {
        self.cut
    }

    /// How many bytes have been read from disk.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Takes a buffer back.
    pub(crate) fn recycle(&mut self, buffer: Vec<u8>) {
        self.spare.push(buffer);
    }

    /// The next chunk; every file has at least one, which may be empty.
    pub(crate) fn next(&mut self) -> Result<Option<Chunk>, Finding> {
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let Some(file) = self.source.files.get(self.next_file) else { return Ok(None) };
                self.next_file += 1;
                self.open.insert(Open::new(self.source, file, &self.read, self.pool)?)
            }
        };
        let mut bytes = self.spare.pop().unwrap_or_default();
        let (end, last) = open.fill(&mut bytes, self.chunk, self.longest_line)?;
        let (ends, file) = (LineEnds::of(&bytes[..end]), self.next_file - 1);
        let mut chunk = Chunk { file, first_line: open.line, last, bytes, end, ends };
        let is_cut = chunk.keep(self.source.extent, open.given);
        open.line = chunk.end_line();
        open.given += chunk.end as u64;
        self.lines += chunk.ends.count();
        if is_cut {
            self.cut = Some(self.cut.map_or(open.line, |lines| lines.min(open.line)));
        }
        if chunk.last {
            self.open = None;
        }
        Ok(Some(chunk))
    }
}

impl<'a> Open<'a> {
    fn new(
        source: &Source,
        file: &'a SourceFile,
        read: &Arc<AtomicU64>,
        pool: Option<&'a ThreadPool>,
    ) -> Result<Self, Finding> {
        let failed = |e: io::Error| io_error("read", &file.path, &e);
        let handle = source.open(file)?;
        let before = handle.metadata().map_err(failed)?;
        let counting = Counting { file: handle.try_clone().map_err(failed)?, read: read.clone() };
        let reader = bgzf::plain(counting, pool).map_err(failed)?;
        Ok(Self { file, handle, before, reader, line: 0, given: 0, carry: Vec::new() })
    }

    /// Reads until there are enough whole lines. Answers where they end, and whether the file does.
    fn fill(
        &mut self,
        bytes: &mut Vec<u8>,
        chunk: usize,
        longest: usize,
    ) -> Result<(usize, bool), Finding> {
        let mut wanted = chunk.max(self.carry.len() + 1);
        let mut filled = self.carry.len();
        // A buffer that was used before is long enough already: nothing is cleared or moved.
        bytes.resize(bytes.len().max(wanted), 0);
        bytes[..filled].copy_from_slice(&self.carry);
        self.carry.clear();
        let mut searched = 0;
        loop {
            filled += self.read(&mut bytes[filled..wanted])?;
            if filled < wanted {
                return self.unchanged().map(|()| (filled, true));
            }
            if let Some(end) = lines::last_end(&bytes[searched..filled]) {
                let end = searched + end;
                self.carry.extend_from_slice(&bytes[end..filled]);
                return Ok((end, false));
            }
            searched = filled - 1; // Again the last byte: a CR there was passed over.
            if filled >= longest {
                return Err(self.too_long(longest));
            }
            wanted = (wanted + wanted.min(GROWTH)).min(longest);
            bytes.resize(bytes.len().max(wanted), 0);
        }
    }

    /// Fills the buffer, unless the file ends before.
    fn read(&mut self, mut bytes: &mut [u8]) -> Result<usize, Finding> {
        let wanted = bytes.len();
        while !bytes.is_empty() {
            match self.reader.read(bytes) {
                Ok(0) => break,
                Ok(read) => bytes = &mut bytes[read..],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(io_error("read", &self.file.path, &e)),
            }
        }
        Ok(wanted - bytes.len())
    }

    /// A file that is still being written cannot be digested.
    fn unchanged(&self) -> Result<(), Finding> {
        let after = self.handle.metadata();
        let after = after.map_err(|e| io_error("read", &self.file.path, &e))?;
        let state = |of: &Metadata| (of.len(), of.mtime(), of.mtime_nsec());
        if state(&self.before) == state(&after) && self.before.len() == self.file.bytes {
            return Ok(());
        }
        let problem = format!("{} changed while it was read", self.file.path.display());
        Err(error(problem).remedy("wait until the file is complete, then load it again"))
    }

    fn too_long(&self, longest: usize) -> Finding {
        let mut finding = error(format_args!("a line of more than {longest} bytes"));
        finding.file = Some(self.file.path.display().to_string());
        finding.line = Some(self.line + 1);
        finding.remedy("is this a text file? Else give the digest more memory")
    }
}

/// Counts what is read from disk, also where more comes out of it.
struct Counting {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counting {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
