//! The beginnings of tables, as they would be written.

use std::io::{self, BufRead, BufReader, Read as _, Seek as _};

use schema::{PreviewRow, TablePreview};

use super::Run;
use crate::{
    failure::{Stop, error},
    plan::{Finish, TablePlan},
    write::TableSink,
};

/// How many rows of a table are shown.
pub(crate) const ROWS: u64 = 20;

/// How much of a row is shown.
const ROW_BYTES: u64 = 2 << 10;

/// How much is shown of all tables together.
const SHOWN_BYTES: usize = 2 << 20;

impl Run<'_> {
    /// The first rows of every table, in whichever state they are.
    pub(crate) fn heads(&self) -> Result<Vec<TablePreview>, Stop> {
        let mut room = SHOWN_BYTES;
        let tables = self.plan.tables.iter().zip(&self.tables);
        tables.map(|(plan, table)| self.head(plan, table, &mut room)).collect()
    }

    /// How many lines were read, and whether they are all there are.
    pub(crate) fn lines(&self) -> (u64, bool) {
        (self.chunks.lines(), self.chunks.cut().is_none())
    }

    fn head(
        &self,
        plan: &TablePlan,
        table: &TableSink<'_>,
        room: &mut usize,
    ) -> Result<TablePreview, Stop> {
        let grows = table.is_turned() && self.chunks.cut().is_some();
        let mut rows = Rows::new(table, grows)
            .map_err(|e| error(format_args!("could not read back a table: {e}")))?;
        let mut next = || {
            let row = rows.next().filter(|_| *room > 0)?;
            *room = room.saturating_sub(row.text.len());
            Some(row)
        };
        Ok(TablePreview {
            table: plan.name.clone(),
            header: if plan.finish == Finish::Matrix { None } else { next() },
            rows: std::iter::from_fn(next).take(ROWS as usize).collect(),
            made: table.report(self.width.unwrap_or_default() as u64).rows,
        })
    }
}

/// The rows of an output, one after the other.
struct Rows<'a> {
    text: BufReader<&'a std::fs::File>,
    /// They all go on.
    grows: bool,
}

impl<'a> Rows<'a> {
    fn new(table: &'a TableSink<'_>, grows: bool) -> io::Result<Self> {
        let mut file = table.file();
        file.rewind()?;
        Ok(Self { text: BufReader::new(file), grows })
    }

    fn next(&mut self) -> Option<PreviewRow> {
        let mut row = Vec::new();
        // What is in memory can be read.
        self.text.by_ref().take(ROW_BYTES).read_until(b'\n', &mut row).ok()?;
        let is_whole = row.pop_if(|byte| *byte == b'\n').is_some();
        if row.is_empty() && !is_whole {
            return None;
        }
        if !is_whole {
            self.text.skip_until(b'\n').ok()?;
        }
        let text = String::from_utf8_lossy(&row).into_owned();
        Some(PreviewRow { text, cut: self.grows || !is_whole })
    }
}
