//! Rows become columns: calls are kept in blocks of fixed width, and read out across.
//!
//! A block that fills its share of memory is turned and spilled beside the output. At the end each
//! output line is put together from its part in every block, so memory does not depend on the
//! matrix's size.

use std::{io::Write as _, ops::Range, os::unix::fs::FileExt};

use schema::Finding;

use super::{
    folder::{Folder, Temporary},
    sink::Sink,
};
use crate::{
    Observer,
    failure::{Stop, io_error},
    make::{Codec, SSR_BYTES},
    read::{Flow, in_order},
};

/// About how many bytes of calls are turned at once.
const GROUP_BYTES: usize = 1 << 20;

/// How many bytes of calls may be in flight.
const GROUPS_BYTES: usize = 8 * GROUP_BYTES;

/// How many rows are read side by side while turning.
const TILE_ROWS: usize = 64;

/// The matrix so far.
#[derive(Debug)]
pub(crate) struct Turn {
    codec: Codec,
    /// Calls in a row.
    calls: usize,
    /// The rows that are not spilled.
    rows: Vec<u8>,
    /// How large they may become.
    limit: usize,
    spills: Vec<Spill>,
    /// Buffers that may be used again.
    spare: Vec<Vec<u8>>,
}

/// Rows that were turned and written beside the output.
#[derive(Debug)]
struct Spill {
    file: Temporary,
    rows: usize,
}

/// What turning needs of its surroundings.
pub(crate) struct Turning<'a> {
    pub(crate) pool: Option<&'a rayon::ThreadPool>,
    pub(crate) folder: &'a Folder,
    pub(crate) observer: &'a dyn Observer,
}

impl Turn {
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
        turning: &Turning<'_>,
    ) -> Result<(), Stop> {
        self.calls = calls;
        self.take(&buffer, turning)?;
        buffer.clear();
        self.spare.push(buffer);
        Ok(())
    }

    fn take(&mut self, mut rows: &[u8], turning: &Turning<'_>) -> Result<(), Stop> {
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

    fn spill(&mut self, turning: &Turning<'_>) -> Result<(), Stop> {
        let mut spill = Spill { file: turning.folder.temporary()?, rows: self.rows_here() };
        let write = |part: Result<Vec<u8>, Finding>| spill.write(&part?);
        self.groups(turning, write, |group| Ok(self.across(&group)))?;
        self.rows.clear();
        self.spills.push(spill);
        Ok(())
    }

    /// Writes the matrix turned.
    pub(crate) fn finish(&self, sink: &mut Sink, turning: &Turning<'_>) -> Result<(), Stop> {
        let write = |part: Result<Vec<u8>, Finding>| sink.write(part?);
        self.groups(turning, write, |group| self.lines(group))
    }

    /// How many rows are not spilled.
    fn rows_here(&self) -> usize {
        self.rows.len() / (self.calls * self.codec.width()).max(1)
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.rows_here() + self.spills.iter().map(|spill| spill.rows).sum::<usize>()
    }

    /// Works on some output lines at a time, in parallel, and takes what comes of it in order.
    fn groups(
        &self,
        turning: &Turning<'_>,
        take: impl FnMut(Result<Vec<u8>, Finding>) -> Result<(), Finding> + Send,
        work: impl Fn(Range<usize>) -> Result<Vec<u8>, Finding> + Sync,
    ) -> Result<(), Stop> {
        let line = (self.rows() * self.codec.width()).max(1);
        let step = (GROUP_BYTES / line).max(1);
        let mut groups =
            Groups { next: 0, end: self.calls, step, weight: step * line, take, turning };
        in_order(turning.pool, GROUPS_BYTES, &mut groups, work)
    }

    /// Some output lines: their parts of every spilled block, then of the rows here.
    fn lines(&self, group: Range<usize>) -> Result<Vec<u8>, Finding> {
        let width = self.codec.width();
        let mut parts = Vec::with_capacity(self.spills.len() + 1);
        for spill in &self.spills {
            parts.push(spill.read(&group, width)?);
        }
        parts.push(self.across(&group));
        let (mut text, mut line) = (Vec::new(), Vec::new());
        for i in 0..group.len() {
            line.clear();
            for part in &parts {
                let bytes = part.len() / group.len();
                line.extend_from_slice(&part[i * bytes..][..bytes]);
            }
            self.codec.write(&line, &mut text);
        }
        Ok(text)
    }

    /// Some columns of the rows here, one after the other.
    fn across(&self, group: &Range<usize>) -> Vec<u8> {
        match self.codec.width() {
            1 => across::<1>(&self.rows, self.calls, group),
            _ => across::<SSR_BYTES>(&self.rows, self.calls, group),
        }
    }
}

/// Turns some columns of a block of calls of `W` bytes.
fn across<const W: usize>(rows: &[u8], calls: usize, group: &Range<usize>) -> Vec<u8> {
    let count = rows.len() / (calls * W).max(1);
    let mut out = vec![0; count * group.len() * W];
    let (cells, _) = out.as_chunks_mut::<W>();
    for tile in (0..count).step_by(TILE_ROWS) {
        let tile = tile..count.min(tile + TILE_ROWS);
        for (at, column) in group.clone().enumerate() {
            let to = &mut cells[at * count..][tile.clone()];
            for (cell, row) in to.iter_mut().zip(tile.clone()) {
                let from = (row * calls + column) * W;
                cell.copy_from_slice(&rows[from..from + W]);
            }
        }
    }
    out
}

impl Spill {
    fn write(&mut self, part: &[u8]) -> Result<(), Finding> {
        let done = self.file.file.write_all(part);
        done.map_err(|e| io_error("spill the matrix to", &self.file.path, &e))
    }

    fn read(&self, group: &Range<usize>, width: usize) -> Result<Vec<u8>, Finding> {
        let column = self.rows * width;
        let mut part = vec![0; group.len() * column];
        let done = self.file.file.read_exact_at(&mut part, (group.start * column) as u64);
        done.map_err(|e| io_error("read back", &self.file.path, &e))?;
        Ok(part)
    }
}

/// Hands out groups of output lines.
struct Groups<'a, T> {
    next: usize,
    end: usize,
    step: usize,
    weight: usize,
    take: T,
    turning: &'a Turning<'a>,
}

impl<T: FnMut(Result<Vec<u8>, Finding>) -> Result<(), Finding> + Send> Flow for Groups<'_, T> {
    type Item = Range<usize>;
    type Made = Result<Vec<u8>, Finding>;
    type Stop = Stop;

    fn next(&mut self) -> Result<Option<(Range<usize>, usize)>, Stop> {
        let group = self.next..self.end.min(self.next + self.step);
        self.next = group.end;
        Ok(if group.is_empty() { None } else { Some((group, self.weight)) })
    }

    fn take(&mut self, made: Self::Made) -> Result<(), Stop> {
        Ok((self.take)(made)?)
    }

    fn check(&mut self) -> Result<(), Stop> {
        if self.turning.observer.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    }

    fn abort(&self) {}
}
