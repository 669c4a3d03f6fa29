//! Rows become columns: calls are kept in blocks of fixed width, and read out across.
//!
//! A block that fills its share of memory is turned and spilled beside the output. At the end each
//! output line is put together from its part in every block, so memory does not depend on the
//! matrix's size.

use std::{io::Write as _, ops::Range, os::unix::fs::FileExt};

use schema::Finding;

use super::{
    across::across,
    folder::{Folder, Temporary},
    sink::{Sink, write_error},
};
use crate::{
    Observer,
    failure::{Stop, io_error},
    make::{Codec, SSR_BYTES},
    read::{Flow, in_order},
};

/// About how many bytes of calls are turned at once.
const GROUP_BYTES: usize = 1 << 19;

/// How many bytes of calls may be in flight.
const GROUPS_BYTES: usize = 8 * GROUP_BYTES;

/// The matrix so far.
pub(crate) struct Turn<'a> {
    codec: Codec,
    /// Calls in a row.
    calls: usize,
    /// The rows that are not spilled.
    rows: Vec<u8>,
    /// How large they may become.
    limit: usize,
    spills: Vec<Spill<'a>>,
    /// Buffers that may be used again.
    spare: Vec<Vec<u8>>,
}

/// Rows that were turned and written beside the output.
struct Spill<'a> {
    folder: &'a Folder<'a>,
    file: Temporary<'a>,
    rows: usize,
    /// Buffers that may be used again.
    spare: Vec<Vec<u8>>,
}

/// What turning needs of its surroundings.
pub(crate) struct Turning<'a> {
    pub(crate) pool: Option<&'a rayon::ThreadPool>,
    pub(crate) folder: &'a Folder<'a>,
    pub(crate) observer: &'a dyn Observer,
}

impl Turning<'_> {
    /// Whether to go on.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        if self.observer.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    }
}

impl<'a> Turn<'a> {
    pub(crate) fn new(codec: Codec, limit: usize) -> Self {
        Self { codec, calls: 0, rows: Vec::new(), limit, spills: Vec::new(), spare: Vec::new() }
    }

    /// An empty buffer for rows.
    pub(crate) fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes whole rows, each of so many calls.
    pub(crate) fn push(
        &mut self,
        mut buffer: Vec<u8>,
        calls: usize,
        turning: &Turning<'a>,
    ) -> Result<(), Stop> {
        self.calls = calls;
        self.take(&buffer, turning)?;
        buffer.clear();
        self.spare.push(buffer);
        Ok(())
    }

    fn take(&mut self, mut rows: &[u8], turning: &Turning<'a>) -> Result<(), Stop> {
        let calls = self.calls;
        let row = calls * self.codec.width();
        let limit = (self.limit / row.max(1)).max(1) * row.max(1);
        while !rows.is_empty() {
            let (now, later) = rows.split_at(rows.len().min(limit - self.rows.len()));
            self.rows.extend_from_slice(now);
            rows = later;
            if self.rows.len() == limit {
                self.spill(turning)?;
            }
        }
        Ok(())
    }

    fn spill(&mut self, turning: &Turning<'a>) -> Result<(), Stop> {
        let folder = turning.folder;
        let file = folder.temporary()?;
        let mut spill = Spill { folder, file, rows: self.rows_here(), spare: Vec::new() };
        self.groups(turning, &mut spill, |Group { columns, mut out }| {
            self.across(&columns, &mut out);
            Ok(out)
        })?;
        spill.spare.clear();
        self.rows.clear();
        self.spills.push(spill);
        Ok(())
    }

    /// Writes the matrix turned.
    pub(crate) fn finish(&self, sink: &mut Sink<'_>, turning: &Turning<'_>) -> Result<(), Stop> {
        self.groups(turning, sink, |Group { columns, mut out }| {
            out.clear();
            self.lines(&columns, &mut out).map(|()| out)
        })
    }

    /// How many bytes the rows so far take on disk until they are written.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let calls = (self.rows() * self.calls) as u64;
        self.spilled_bytes() + calls * self.codec.text_width() as u64
    }

    /// How many bytes were spilled.
    pub(crate) fn spilled_bytes(&self) -> u64 {
        let rows: usize = self.spills.iter().map(|spill| spill.rows).sum();
        (rows * self.calls * self.codec.width()) as u64
    }

    /// How many rows are not spilled.
    fn rows_here(&self) -> usize {
        self.rows.len() / (self.calls * self.codec.width()).max(1)
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.rows_here() + self.spills.iter().map(|spill| spill.rows).sum::<usize>()
    }

    /// Works on some output lines at a time, in parallel, and writes what comes of it in order.
    fn groups(
        &self,
        turning: &Turning<'_>,
        target: &mut (dyn Target + Send),
        work: impl Fn(Group) -> Result<Vec<u8>, Finding> + Sync,
    ) -> Result<(), Stop> {
        let line = (self.rows() * self.codec.width()).max(1);
        let step = (GROUP_BYTES / line).max(1);
        let mut groups =
            Groups { next: 0, end: self.calls, step, weight: step * line, target, turning };
        in_order(turning.pool, GROUPS_BYTES, &mut groups, work)
    }

    /// Some output lines: their parts of every spilled block, then of the rows here.
    fn lines(&self, columns: &Range<usize>, text: &mut Vec<u8>) -> Result<(), Finding> {
        let width = self.codec.width();
        let mut parts = Vec::with_capacity(self.spills.len() + 1);
        for spill in &self.spills {
            parts.push(spill.read(columns, width)?);
        }
        let mut here = Vec::new();
        self.across(columns, &mut here);
        parts.push(here);
        let mut line = Vec::new();
        for i in 0..columns.len() {
            line.clear();
            for part in &parts {
                let bytes = part.len() / columns.len();
                line.extend_from_slice(&part[i * bytes..][..bytes]);
            }
            self.codec.write(&line, text);
        }
        Ok(())
    }

    /// Some columns of the rows here, one after the other.
    fn across(&self, columns: &Range<usize>, out: &mut Vec<u8>) {
        match self.codec.width() {
            1 => across::<1>(&self.rows, self.calls, columns, out),
            _ => across::<SSR_BYTES>(&self.rows, self.calls, columns, out),
        }
    }
}

/// Some columns, and a buffer for what becomes of them.
struct Group {
    columns: Range<usize>,
    out: Vec<u8>,
}

/// Where turned columns go.
trait Target {
    /// A buffer that may have been used before.
    fn buffer(&mut self) -> Vec<u8>;
    fn write(&mut self, part: Vec<u8>) -> Result<(), Stop>;
}

impl Target for Sink<'_> {
    fn buffer(&mut self) -> Vec<u8> {
        Self::buffer(self)
    }

    fn write(&mut self, part: Vec<u8>) -> Result<(), Stop> {
        Self::write(self, part)
    }
}

impl Target for Spill<'_> {
    fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    fn write(&mut self, part: Vec<u8>) -> Result<(), Stop> {
        self.folder.hold(part.len())?;
        let done = self.file.file.write_all(&part);
        self.spare.push(part);
        done.map_err(|e| write_error("spill the matrix to", &self.file.path, &e))
    }
}

impl Spill<'_> {
    fn read(&self, group: &Range<usize>, width: usize) -> Result<Vec<u8>, Finding> {
        let column = self.rows * width;
        let mut part = vec![0; group.len() * column];
        let done = self.file.file.read_exact_at(&mut part, (group.start * column) as u64);
        done.map_err(|e| io_error("read back", &self.file.path, &e))?;
        Ok(part)
    }
}

/// Hands out groups of output lines.
struct Groups<'a> {
    next: usize,
    end: usize,
    step: usize,
    weight: usize,
    target: &'a mut (dyn Target + Send),
    turning: &'a Turning<'a>,
}

impl Flow for Groups<'_> {
    type Item = Group;
    type Made = Result<Vec<u8>, Finding>;
    type Stop = Stop;

    fn next(&mut self) -> Result<Option<(Group, usize)>, Stop> {
        let columns = self.next..self.end.min(self.next + self.step);
        self.next = columns.end;
        if columns.is_empty() {
            return Ok(None);
        }
        Ok(Some((Group { columns, out: self.target.buffer() }, self.weight)))
    }

    fn take(&mut self, made: Self::Made) -> Result<(), Stop> {
        self.target.write(made?)
    }

    fn check(&mut self) -> Result<(), Stop> {
        self.turning.check()
    }

    fn abort(&self) {}
}
