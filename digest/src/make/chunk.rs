//! One chunk: its lines become rows of every table.

use std::sync::atomic::{AtomicBool, Ordering};

use schema::Finding;

use super::{
    alts,
    cells::Cells,
    counts::CallCounts,
    made::MadeRows,
    matrix::MatrixMaker,
    notes::{Notes, Place, Warned, shown},
    row::{self, Line, TooFew},
    unique::{self, Tidied},
};
use crate::{
    Options,
    failure::error,
    plan::{Finish, Plan, Read, TablePlan, Value},
    read::Chunk,
};

/// Makes rows of chunks.
pub(crate) struct Maker<'a> {
    plan: &'a Plan,
    max_errors: usize,
    count_calls: bool,
    /// Set when nobody wants the rest.
    abort: &'a AtomicBool,
    /// How many cells of a line are cut for all tables.
    needed: usize,
}

/// A chunk, and what must be known of the ones before it.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) chunk: Chunk,
    /// For every table the number of the first row that the chunk makes.
    pub(crate) numbers: Vec<u64>,
    /// How many cells every row of the matrix has.
    pub(crate) width: Option<usize>,
    /// Buffers to fill, one for every table.
    pub(crate) buffers: Vec<Vec<u8>>,
}

/// What became of a chunk.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) chunk: Chunk,
    pub(crate) tables: Vec<MadeRows>,
    pub(crate) counts: Option<CallCounts>,
    pub(crate) notes: Notes,
}

impl<'a> Maker<'a> {
    pub(crate) fn new(plan: &'a Plan, options: &Options<'_>, abort: &'a AtomicBool) -> Self {
        let needed = plan.tables.iter().map(needed).max().unwrap_or_default();
        let (max_errors, count_calls) = (options.max_errors.max(1), options.count_calls);
        Self { plan, max_errors, count_calls, abort, needed }
    }

    /// Makes the rows.
    pub(crate) fn make(&self, task: Task) -> Made {
        let Task { chunk, numbers, width, buffers } = task;
        // Rows can be left in the chunk unless lines are taken out of it.
        let is_kept = self.plan.rows.range(chunk.first_line..chunk.end_line()).next().is_none();
        let text = if is_kept { chunk.text() } else { &[] };
        let matrix = self.plan.matrix.map(|plan| {
            let counts = self.count_calls.then(|| CallCounts::new(width.unwrap_or_default()));
            MatrixMaker::new(self.plan, plan, text, width, counts)
        });
        let mut lines = LinesMaker {
            maker: self,
            cells: Cells::default(),
            numbers,
            tables: buffers.into_iter().map(MadeRows::new).collect(),
            matrix,
            notes: Notes::new(self.max_errors),
        };
        for (number, line) in (chunk.first_line..).zip(chunk.lines()) {
            if lines.notes.is_full() || self.abort.load(Ordering::Relaxed) {
                break;
            }
            lines.make(number, line);
        }
        Made {
            tables: lines.tables,
            counts: lines.matrix.and_then(MatrixMaker::into_counts),
            notes: lines.notes,
            chunk,
        }
    }

    /// How many cells a line makes in the matrix, without looking at them.
    pub(crate) fn width(&self, line: &[u8]) -> Option<usize> {
        let matrix = self.plan.matrix.as_ref()?;
        let mut cells = Cells::default();
        cells.cut(line, &self.plan.delimiter, self.needed);
        let line = Line { text: line, cells: &cells, delimiter: &self.plan.delimiter };
        let mut row = Vec::new();
        row::push(&self.plan.tables[matrix.table], line, 0, &mut row).ok()?;
        Some(memchr::memchr_iter(b'\t', &row).count() + 1)
    }
}

/// How many cells of a line a table looks at one by one.
fn needed(table: &TablePlan) -> usize {
    let cells = table.parts.iter().map(|part| match (&part.value, table.read) {
        (Value::Cell { cell, .. }, Read::Column { .. } | Read::Block { .. }) => cell + 1,
        _ => 0,
    });
    cells.max().unwrap_or_default()
}

/// The work on the lines of one chunk.
struct LinesMaker<'m, 'a> {
    maker: &'m Maker<'a>,
    cells: Cells,
    numbers: Vec<u64>,
    tables: Vec<MadeRows>,
    matrix: Option<MatrixMaker<'m>>,
    notes: Notes,
}

impl LinesMaker<'_, '_> {
    fn make(&mut self, number: u64, text: &[u8]) {
        let plan = self.maker.plan;
        self.cells.cut(text, &plan.delimiter, self.maker.needed);
        for (i, table) in plan.tables.iter().enumerate() {
            if table.read.from().is_some_and(|from| number >= from) {
                self.row(i, table, number, text);
            }
        }
    }

    fn row(&mut self, i: usize, table: &TablePlan, number: u64, text: &[u8]) {
        let line = Line { text, cells: &self.cells, delimiter: &self.maker.plan.delimiter };
        let out = &mut self.tables[i];
        let counter = self.numbers[i] + out.rows;
        out.rows += 1;
        if let (Finish::Matrix, Some(matrix)) = (table.finish, &mut self.matrix) {
            return matrix.row(table, line, number, counter, out, &mut self.notes);
        }
        let whole = Place { number, line, cell: None, call: None };
        let start = out.bytes.len();
        match row::push(table, line, counter, &mut out.bytes) {
            Ok(false) => {}
            Ok(true) => shifted(table, whole, &mut self.notes),
            Err(few) => {
                let place = Place { cell: Some(few.found), ..whole };
                self.notes.error(place, too_few(table, few, text));
            }
        }
        match finish(table, &mut out.bytes, start) {
            Ok(Tidied::Kept { blanked }) => blanks(table, whole, blanked, &mut self.notes),
            Ok(Tidied::Gone) => out.rows -= 1,
            Err(why) => self.notes.error(whole, error(why).table(&table.name)),
        }
    }
}

/// Ends the row that begins at `start`, as its table wants it.
pub(super) fn finish(
    table: &TablePlan,
    out: &mut Vec<u8>,
    start: usize,
) -> Result<Tidied, &'static str> {
    let tidied = match table.finish {
        Finish::Alts { column } => {
            alts::rewrite(out, start, column)
                .map_err(|alts::NoCell| "the row has no cell for the column alts")?;
            Tidied::Kept { blanked: 0 }
        }
        Finish::Unique { columns } => unique::tidy(out, start, columns)?,
        Finish::Plain | Finish::Matrix => Tidied::Kept { blanked: 0 },
    };
    if tidied != Tidied::Gone {
        out.push(b'\n');
    }
    Ok(tidied)
}

/// Cells that were emptied.
fn blanks(table: &TablePlan, place: Place<'_>, times: u64, notes: &mut Notes) {
    notes.warn_of(Warned::Blank, times, place, || {
        error("cells that say that there is nothing (NA, NULL, …) were emptied").table(&table.name)
    });
}

/// A row that begins with empty values.
fn shifted(table: &TablePlan, place: Place<'_>, notes: &mut Notes) {
    notes.warn(Warned::Shift, place, || {
        error("the row begins with empty values, so its other values stand further left")
            .table(&table.name)
            .remedy("put a column that is never empty first, or fill in the missing values")
    });
}

/// A line that lacks a wanted cell.
pub(super) fn too_few(table: &TablePlan, few: TooFew, line: &[u8]) -> Finding {
    let TooFew { wanted, found } = few;
    let cells = if found == 1 { "cell" } else { "cells" };
    let (table, wanted) = (&table.name, wanted + 1);
    let mut finding =
        error(format_args!("the line has {found} {cells}, table {table} reads cell {wanted}"))
            .table(table)
            .remedy("fill in the missing cells, or take the line out");
    finding.cell = Some(shown(line));
    finding
}
