//! How a digest ends: with tables that have names, or with what can be said of it.

use std::thread;

use schema::{Finding, Report};

use super::{Run, turning};
use crate::{
    failure::{Stop, error},
    plan::Read,
    summary::Summary,
    write::{Sink, TableSink},
};

impl<'a> Run<'a> {
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

    fn write_missing(&self) -> Result<Vec<Sink<'a>>, Stop> {
        let mut sinks = Vec::new();
        let turning = turning(self.options, self.folder, self.observer);
        for (name, parts) in self.summary().iter().flat_map(Summary::missing) {
            let mut sink = Sink::new(self.folder, name)?;
            for part in parts {
                turning.check()?;
                sink.write(part)?;
            }
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

    /// What can be said of a digest that came this far and no further.
    pub(crate) fn give_up(self, stop: Stop, report: &mut Report) -> Stop {
        report.bytes_read = self.chunks.bytes_read();
        let stop = match stop {
            Stop::DiskFull => self.disk_full().into(),
            stop => stop,
        };
        if let Stop::Failed(errors) = &stop {
            report.findings = match self.is_read {
                true => self.found.into_warnings(),
                false => self.found.into_warnings_before(errors.last()),
            };
        }
        stop
    }

    /// What is worth knowing of a pass that went well.
    pub(crate) fn into_warnings(self) -> Vec<Finding> {
        self.found.into_warnings()
    }

    /// Told with how much room there must be, as far as the input read so far can tell.
    fn disk_full(&self) -> Finding {
        let tables: u64 = self.tables.iter().map(TableSink::disk_bytes).sum();
        let so_far = tables + self.summary().map_or(0, |summary| summary.missing_bytes());
        let read = self.chunks.bytes_read().max(1) as f64;
        let needed = (so_far as f64 * self.source.bytes() as f64 / read).ceil();
        let folder = self.plan.destination.display();
        error(format_args!("the disk of {folder} is full: the outputs need about {needed} bytes"))
            .remedy("free so many bytes there, then run the job again; what was written is removed")
    }

    /// Gives all files their names.
    pub(crate) fn keep(self, report: &mut Report) -> Result<(), Stop> {
        self.folder.check_place()?;
        report.bytes_read = self.chunks.bytes_read();
        let calls = self.width.unwrap_or_default() as u64;
        report.tables = self.tables.iter().map(|table| table.report(calls)).collect();
        report.matrix = self.summary().map(|summary| summary.report());
        report.findings = self.found.into_warnings();
        let tables = self.tables.iter().map(TableSink::held_bytes);
        self.observer.held_disk(tables.chain(self.missing.iter().map(Sink::bytes)).sum());
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
    pub(super) fn count_check(&self) -> Result<(), Stop> {
        let Some(matrix) = self.plan.matrix else { return Ok(()) };
        if self.chunks.cut().is_some_and(|lines| lines < self.plan.lines_needed()) {
            return Ok(());
        }
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
