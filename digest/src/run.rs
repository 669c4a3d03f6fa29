//! One digest: the pass over the files, from chunks to tables.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use schema::{Progress, Report};

use crate::{
    Observer, Options,
    failure::{Stop, error},
    found::Found,
    make::{CallCounts, Codec, Made, MadeRows, Maker, RowLines, Task},
    plan::{Plan, Read},
    read::{Chunk, Chunks, Flow, Source, in_order},
    summary::Summary,
    write::{Folder, Sink, TableSink, Turning},
};

/// How many chunks may be in flight for each thread: enough that none waits for work, few enough
/// that they stay in the processors' caches.
const CHUNKS_A_THREAD: usize = 4;

/// Everything that a pass holds.
pub(crate) struct Run<'a> {
    plan: &'a Plan,
    options: &'a Options<'a>,
    observer: &'a dyn Observer,
    source: &'a Source,
    folder: &'a Folder,
    maker: &'a Maker<'a>,
    abort: &'a AtomicBool,
    chunks: Chunks<'a>,
    tables: Vec<TableSink>,
    /// For every table the rows of the files before.
    before: Vec<u64>,
    /// For every table of single lines, how many rows a file makes at least.
    row_counts: Vec<usize>,
    width: Option<usize>,
    lines: RowLines,
    found: Found<'a>,
    counts: CallCounts,
    /// The small tables of missing calls, when they are written.
    missing: Vec<Sink>,
}

/// What a pass works with.
pub(crate) struct Parts<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) options: &'a Options<'a>,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) source: &'a Source,
    pub(crate) folder: &'a Folder,
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
        self.found.result()?;
        self.count_check()
    }

    /// Writes what can be written only when everything is read, and waits for the disk.
    pub(crate) fn finish(&mut self) -> Result<(), Stop> {
        let turning = turning(self.options, self.folder, self.observer);
        self.tables.iter_mut().try_for_each(|table| table.finish(&turning))?;
        self.missing = self.write_missing()?;
        let sinks = self.tables.iter_mut().map(TableSink::sink).chain(&mut self.missing);
        // All at once: the file system then waits once for all of them.
        let done = thread::scope(|scope| {
            let waits: Vec<_> = sinks.map(|sink| scope.spawn(|| sink.sync())).collect();
            waits.into_iter().map(|wait| wait.join()).collect::<Vec<_>>()
        });
        for done in done {
            done.map_err(|_| error("waiting for the disk failed"))??;
        }
        Ok(())
    }

    fn write_missing(&self) -> Result<Vec<Sink>, Stop> {
        let mut sinks = Vec::new();
        for (name, text) in self.summary().iter().flat_map(Summary::missing) {
            let mut sink = Sink::new(self.folder, name)?;
            sink.write(text)?;
            sinks.push(sink);
        }
        Ok(sinks)
    }

    /// What was counted, if that is wanted.
    fn summary(&self) -> Option<Summary<'_>> {
        let matrix = self.plan.matrix.filter(|_| self.options.count_calls)?;
        let width = self.width.unwrap_or_default() as u64;
        Some(Summary { matrix, counts: &self.counts, width })
    }

    /// Gives all files their names.
    pub(crate) fn keep(self, report: &mut Report) -> Result<(), Stop> {
        report.bytes_read = self.chunks.bytes_read();
        let calls = self.width.unwrap_or_default() as u64;
        report.tables = self.tables.iter().map(|table| table.report(calls)).collect();
        report.matrix = self.summary().map(|summary| summary.report());
        report.findings = self.found.into_warnings();
        for table in self.tables {
            report.files.push(table.keep()?);
        }
        for sink in self.missing {
            report.files.push(sink.keep()?);
        }
        self.folder.sync().map_err(|e| error(format_args!("could not name the outputs: {e}")))?;
        Ok(())
    }

    /// Markers and samples must be as many in the matrix as in the tables that name them.
    fn count_check(&self) -> Result<(), Stop> {
        let Some(matrix) = self.plan.matrix else { return Ok(()) };
        let rows = self.tables[matrix.table].rows_in();
        let calls = self.width.unwrap_or_default() as u64;
        let (markers, samples) = if matrix.turned { (calls, rows) } else { (rows, calls) };
        let files = self.source.files.len() as u64;
        for (name, what, wanted) in
            [("dataset_marker", "markers", markers), ("dataset_dnarun", "samples", samples)]
        {
            let Some(at) = self.plan.tables.iter().position(|table| table.name == name) else {
                continue;
            };
            // Several files may each repeat the line with the names.
            let listed = self.tables[at].rows_in();
            let repeated = self.plan.tables[at].read == Read::Row && listed == wanted * files;
            if listed != wanted && !repeated {
                let problem = format!("{name} lists {listed} {what}, the matrix has {wanted}");
                let remedy = "check the coordinates of the names and of the matrix";
                return Err(error(problem).table(name).remedy(remedy).into());
            }
        }
        Ok(())
    }
}

/// What turning needs, which is also how everything asks whether to go on.
fn turning<'a>(
    options: &'a Options<'a>,
    folder: &'a Folder,
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
                *before += (chunk.first_line + chunk.count).saturating_sub(from);
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
        let turning = turning(self.options, self.folder, self.observer);
        for (i, table) in self.plan.tables.iter().enumerate() {
            if table.read != Read::Row {
                continue;
            }
            let mut made = MadeRows { bytes: self.tables[i].buffer(), rows: 0 };
            let (rows, number) = (&mut self.row_counts[i], &mut self.before[i]);
            match self.lines.make(table, rows, number, &mut made.bytes) {
                Ok(rows) => made.rows = rows,
                Err(note) => self.found.error(file, *note, &self.lines)?,
            }
            if !self.found.has_errors() {
                self.tables[i].take(made, 0, &turning)?;
            }
        }
        self.lines.clear();
        Ok(())
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
        for (number, line) in made.rows {
            self.lines.insert(number, line, &self.plan.delimiter);
        }
        self.found.take(made.file, made.notes, &self.lines)?;
        if let Some(counts) = &made.counts {
            self.counts.add(counts);
        }
        let turning = turning(self.options, self.folder, self.observer);
        let calls = self.width.unwrap_or_default();
        for (table, rows) in self.tables.iter_mut().zip(made.tables) {
            if !self.found.has_errors() {
                table.take(rows, calls, &turning)?;
            }
        }
        self.chunks.recycle(made.input);
        if made.last {
            self.file_end(made.file)?;
        }
        let (done, total) = (self.chunks.bytes_read(), self.source.bytes());
        self.observer.progress(Progress { done, total });
        Ok(())
    }

    fn check(&mut self) -> Result<(), Stop> {
        if self.observer.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    }

    fn abort(&self) {
        self.abort.store(true, Ordering::Relaxed);
    }
}
