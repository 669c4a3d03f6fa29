//! One digest: the pass over the files, from chunks to tables.

mod ending;
mod heads;

pub(crate) use heads::ROWS;

use std::sync::atomic::{AtomicBool, Ordering};

use schema::Progress;

use crate::{
    Observer, Options,
    failure::Stop,
    found::Found,
    make::{CallCounts, Codec, Made, MadeRows, Maker, Note, RowLines, Task},
    plan::{Plan, Read},
    read::{Chunk, Chunks, Flow, Source, in_order},
    write::{Folder, Sink, TableSink, Turning},
};

/// How many chunks may be in flight for each thread: enough that none waits for work, few enough
/// that they stay in the processors' caches.
const CHUNKS_A_THREAD: usize = 3;

/// Everything that a pass holds.
pub(crate) struct Run<'a> {
    plan: &'a Plan,
    options: &'a Options<'a>,
    observer: &'a dyn Observer,
    source: &'a Source,
    folder: &'a Folder<'a>,
    maker: &'a Maker<'a>,
    abort: &'a AtomicBool,
    chunks: Chunks<'a>,
    tables: Vec<TableSink<'a>>,
    /// For every table the rows of the files before.
    before: Vec<u64>,
    /// For every table of single lines, how many rows a file makes at least.
    row_counts: Vec<usize>,
    width: Option<usize>,
    lines: RowLines,
    found: Found<'a>,
    counts: CallCounts,
    /// All input was read.
    is_read: bool,
    /// The small tables of missing calls, when they are written.
    missing: Vec<Sink<'a>>,
}

/// What a pass works with.
pub(crate) struct Parts<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a Options<'a>,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) source: &'a Source,
    pub(crate) folder: &'a Folder<'a>,
    pub(crate) maker: &'a Maker<'a>,
    pub(crate) abort: &'a AtomicBool,
}

impl<'a> Run<'a> {
    pub(crate) fn new(parts: Parts<'a>) -> Result<Self, Stop> {
        let Parts { plan, options, observer, source, folder, maker, abort } = parts;
        let mut tables = Vec::new();
        for table in &plan.tables {
            let turned = plan.matrix.filter(|matrix| matrix.turned);
            let turned = turned.map(|matrix| (Codec { calls: matrix.calls }, options.memory / 2));
            tables.push(TableSink::new(folder, table, turned)?);
        }
        Ok(Self {
            plan,
            options,
            observer,
            source,
            folder,
            maker,
            abort,
            chunks: Chunks::new(source, options),
            before: vec![0; tables.len()],
            row_counts: vec![0; tables.len()],
            tables,
            width: None,
            lines: RowLines::default(),
            found: Found::new(source, plan.matrix, options.max_errors),
            counts: CallCounts::default(),
            is_read: false,
            missing: Vec::new(),
        })
    }

    /// Reads everything, and checks what only the whole can tell.
    pub(crate) fn read(&mut self) -> Result<(), Stop> {
        let maker = self.maker;
        let pool = self.options.pool;
        let threads =
            pool.map_or_else(rayon::current_num_threads, rayon::ThreadPool::current_num_threads);
        let limit = (self.options.memory / 8).min(CHUNKS_A_THREAD * threads * self.options.chunk);
        in_order(pool, limit, self, |task| maker.make(task))?;
        self.is_read = true;
        self.found.result()?;
        self.count_check()
    }
}

/// What turning needs, which is also how everything asks whether to go on.
fn turning<'a>(
    options: &'a Options<'a>,
    folder: &'a Folder<'a>,
    observer: &'a dyn Observer,
) -> Turning<'a> {
    Turning { pool: options.pool, folder, observer }
}

impl Run<'_> {
    /// What a chunk's maker must know of the chunks before.
    fn task(&mut self, chunk: Chunk) -> Task {
        if self.width.is_none() {
            self.width = self.first_width(&chunk);
        }
        let mut numbers = Vec::with_capacity(self.before.len());
        for (table, before) in self.plan.tables.iter().zip(&mut self.before) {
            let Some(from) = table.read.from() else {
                numbers.push(0);
                continue;
            };
            numbers.push(*before + chunk.first_line.saturating_sub(from));
            if chunk.last {
                *before += chunk.end_line().saturating_sub(from);
            }
        }
        let buffers = self.tables.iter_mut().map(TableSink::buffer).collect();
        Task { chunk, numbers, width: self.width, buffers }
    }

    /// The width of the matrix, if its first row is in this chunk.
    fn first_width(&self, chunk: &Chunk) -> Option<usize> {
        let matrix = self.plan.matrix?;
        let skipped = self.plan.tables[matrix.table].read.from()?.checked_sub(chunk.first_line)?;
        let line = chunk.lines().nth(usize::try_from(skipped).ok()?)?;
        self.maker.width(line)
    }

    /// Makes the tables of single lines, when a file is read.
    fn file_end(&mut self, file: usize) -> Result<(), Stop> {
        for (i, table) in self.plan.tables.iter().enumerate() {
            if table.read != Read::Row {
                continue;
            }
            if let Err(note) = self.cell_rows(i)? {
                self.found.error(file, *note, &self.lines)?;
            }
        }
        self.lines.clear();
        Ok(())
    }

    /// Makes and writes what single lines give for a table, unless something is wrong with them.
    fn cell_rows(&mut self, i: usize) -> Result<Result<(), Box<Note>>, Stop> {
        let turning = turning(self.options, self.folder, self.observer);
        let mut rows = match self.lines.rows(&self.plan.tables[i], &mut self.row_counts[i]) {
            Ok(rows) => rows,
            Err(note) => return Ok(Err(note)),
        };
        while rows.has_more() {
            turning.check()?;
            let mut bytes = self.tables[i].buffer();
            match rows.make(&mut self.before[i], &mut bytes) {
                Err(note) => return Ok(Err(note)),
                Ok(_) if self.found.has_errors() => {}
                Ok(rows) => self.tables[i].take(MadeRows::of(bytes, rows), &[], 0, &turning)?,
            }
        }
        Ok(Ok(()))
    }
}

impl Flow for Run<'_> {
    type Item = Task;
    type Made = Made;
    type Stop = Stop;

    fn next(&mut self) -> Result<Option<(Task, usize)>, Stop> {
        let Some(chunk) = self.chunks.next()? else { return Ok(None) };
        let weight = chunk.len();
        Ok(Some((self.task(chunk), weight)))
    }

    fn take(&mut self, made: Made) -> Result<(), Stop> {
        let mut chunk = made.chunk;
        for number in self.plan.rows.range(chunk.first_line..chunk.end_line()).rev() {
            self.lines.insert(*number, chunk.take_line(*number), &self.plan.delimiter);
        }
        self.found.take(chunk.file, made.notes, &self.lines)?;
        if let Some(counts) = &made.counts {
            self.counts.add(counts);
        }
        let turning = turning(self.options, self.folder, self.observer);
        let calls = self.width.unwrap_or_default();
        for (table, rows) in self.tables.iter_mut().zip(made.tables) {
            if !self.found.has_errors() {
                table.take(rows, chunk.text(), calls, &turning)?;
            }
        }
        let (file, last) = (chunk.file, chunk.last);
        self.chunks.recycle(chunk.into_buffer());
        if last {
            self.file_end(file)?;
        }
        let (done, total) = (self.chunks.bytes_read(), self.source.bytes());
        self.observer.progress(Progress { done, total });
        Ok(())
    }

    fn check(&mut self) -> Result<(), Stop> {
        turning(self.options, self.folder, self.observer).check()
    }

    fn abort(&self) {
        self.abort.store(true, Ordering::Relaxed);
    }
}
