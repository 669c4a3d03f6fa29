//! Where a table's rows go.

use std::fs::File;

use schema::{Finding, OutputFile, TableReport};

use super::{
    folder::Folder,
    seen::Seen,
    sink::Sink,
    turn::{Turn, Turning},
};
use crate::{
    failure::Stop,
    make::{Codec, MadeRows, unique_header},
    plan::{Finish, TablePlan},
};

/// A table that is being written.
pub(crate) struct TableSink<'a> {
    sink: Sink<'a>,
    way: Way<'a>,
    report: TableReport,
}

/// What happens between a row and its file.
enum Way<'a> {
    Straight,
    Unique(Seen),
    Turned(Turn<'a>),
}

impl<'a> TableSink<'a> {
    /// Begins a table's file. `turned` says how calls are kept, and how many bytes of them.
    pub(crate) fn new(
        folder: &'a Folder<'a>,
        table: &TablePlan,
        turned: Option<(Codec, usize)>,
    ) -> Result<Self, Stop> {
        let mut sink = Sink::new(folder, &table.output())?;
        let mut header = match table.finish {
            Finish::Unique { .. } => unique_header(&table.header),
            _ => table.header.clone(),
        };
        header.push(b'\n');
        if table.finish != Finish::Matrix {
            sink.write(header)?;
        }
        let way = match (table.finish, turned) {
            (Finish::Unique { .. }, _) => Way::Unique(Seen::default()),
            (Finish::Matrix, Some((codec, limit))) => Way::Turned(Turn::new(codec, limit)),
            _ => Way::Straight,
        };
        let report = TableReport { table: table.name.clone(), ..TableReport::default() };
        Ok(Self { sink, way, report })
    }

    /// An empty buffer for rows.
    pub(crate) fn buffer(&mut self) -> Vec<u8> {
        match &mut self.way {
            Way::Turned(turn) => turn.buffer(),
            _ => self.sink.buffer(),
        }
    }

    /// Takes the next rows, some of which may still be in the text of their chunk; `calls` is how
    /// many a row of a matrix has.
    pub(crate) fn take(
        &mut self,
        mut made: MadeRows,
        chunk: &[u8],
        calls: usize,
        turning: &Turning<'a>,
    ) -> Result<(), Stop> {
        self.report.rows_in += made.rows;
        match &mut self.way {
            Way::Straight => {}
            Way::Unique(seen) => self.report.duplicates += seen.keep_new(&mut made.bytes),
            Way::Turned(turn) => return turn.push(made.bytes, calls, turning),
        }
        made.parts(chunk).try_for_each(|part| self.sink.append(part))?;
        self.sink.recycle(made.bytes);
        Ok(())
    }

    /// Writes what can be written only now.
    pub(crate) fn finish(&mut self, turning: &Turning<'a>) -> Result<(), Stop> {
        if let Way::Turned(turn) = &self.way {
            turn.finish(&mut self.sink, turning)?;
        }
        Ok(())
    }

    /// The table's file.
    pub(crate) fn sink(&mut self) -> &mut Sink<'a> {
        &mut self.sink
    }

    /// What was written, once it is synced.
    pub(crate) fn file(&self) -> &File {
        self.sink.file()
    }

    /// Whether rows go on with every line that is read.
    pub(crate) fn is_turned(&self) -> bool {
        matches!(self.way, Way::Turned(_))
    }

    /// How many bytes the rows so far take on disk until the table is there.
    pub(crate) fn disk_bytes(&self) -> u64 {
        match &self.way {
            Way::Turned(turn) => turn.disk_bytes(),
            _ => self.sink.bytes(),
        }
    }

    /// How many bytes it holds on disk once it is written.
    pub(crate) fn held_bytes(&self) -> u64 {
        let spilled = match &self.way {
            Way::Turned(turn) => turn.spilled_bytes(),
            _ => 0,
        };
        self.sink.bytes() + spilled
    }

    /// How many rows came in.
    pub(crate) fn rows_in(&self) -> u64 {
        self.report.rows_in
    }

    /// What to say of the table. `turned_rows` is how many rows a turned matrix has.
    pub(crate) fn report(&self, turned_rows: u64) -> TableReport {
        let mut report = self.report.clone();
        report.rows = match self.way {
            Way::Turned(_) => turned_rows,
            _ => report.rows_in - report.duplicates,
        };
        report
    }

    /// Gives the file its name.
    pub(crate) fn keep(self) -> Result<OutputFile, Finding> {
        self.sink.keep()
    }
}
