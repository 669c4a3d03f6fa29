//! Tables that are made of single lines: every cell of the line is a row.

use std::collections::BTreeMap;

use super::{
    chunk,
    notes::{Note, shown},
    row::push_number,
    unique::Tidied,
};
use crate::{
    failure::error,
    pattern::Delimiter,
    plan::{TablePlan, Value},
};

/// The lines of one file that such tables are made of.
#[derive(Debug, Default)]
pub(crate) struct RowLines {
    lines: BTreeMap<u64, CutLine>,
}

/// A line and its cells, empty ones at its end left out.
#[derive(Debug)]
struct CutLine {
    text: Vec<u8>,
    cells: Vec<(usize, usize)>,
}

impl RowLines {
    pub(crate) fn insert(&mut self, number: u64, text: Vec<u8>, delimiter: &Delimiter) {
        let mut cells = Vec::new();
        delimiter.cut(&text, &mut cells);
        while !text.is_empty() && cells.last().is_some_and(|(start, end)| start == end) {
            cells.pop();
        }
        self.lines.insert(number, CutLine { text, cells });
    }

    pub(crate) fn clear(&mut self) {
        self.lines.clear();
    }

    /// A cell of one of the lines, as people may see it.
    pub(crate) fn name(&self, row: u64, cell: usize) -> Option<String> {
        self.lines.get(&row)?.get(cell).map(shown)
    }

    /// Appends the rows that the lines make in a table. `rows` is how many a file must make at
    /// least, for no file may make fewer than one before it; `number` counts over all files.
    pub(crate) fn make(
        &self,
        table: &TablePlan,
        rows: &mut usize,
        number: &mut u64,
        out: &mut Vec<u8>,
    ) -> Result<u64, Box<Note>> {
        let cells = table.parts.iter().filter_map(|part| match part.value {
            Value::Cell { row, cell, .. } => Some((row, cell)),
            _ => None,
        });
        let mut places = Vec::new();
        for (row, first) in cells {
            let there = self.lines.get(&row).map_or(0, |line| line.cells.len());
            if there < first && self.lines.contains_key(&row) {
                return Err(self.too_few(table, row, first + 1, there));
            }
            places.push((row, first, there.saturating_sub(first)));
        }
        *rows = places.iter().map(|place| place.2).max().unwrap_or_default().max(*rows);
        if let Some((row, first, there)) = places.into_iter().find(|place| place.2 != *rows) {
            return Err(self.too_few(table, row, first + *rows, first + there));
        }
        let mut made = 0;
        for i in 0..*rows {
            let start = out.len();
            self.push(table, i, *number, out);
            *number += 1;
            match chunk::finish(table, out, start) {
                Ok(Tidied::Kept { .. }) => made += 1,
                Ok(Tidied::Gone) => {}
                Err(why) => {
                    let finding = error(why).table(&table.name);
                    return Err(Box::new(Note { finding, call: None }));
                }
            }
        }
        Ok(made)
    }

    fn push(&self, table: &TablePlan, i: usize, number: u64, out: &mut Vec<u8>) {
        let start = out.len();
        for part in &table.parts {
            if out.len() > start && !part.glued && !matches!(part.value, Value::Nothing) {
                out.push(b'\t');
            }
            match &part.value {
                Value::Constant(text) => out.extend_from_slice(text),
                Value::Counter => push_number(number, out),
                Value::Cell { row, cell, filter } => {
                    if let Some(text) = self.lines.get(row).and_then(|line| line.get(cell + i)) {
                        filter.push(text, out);
                    }
                }
                Value::Nothing => {}
            }
        }
    }

    fn too_few(&self, table: &TablePlan, row: u64, wanted: usize, found: usize) -> Box<Note> {
        let name = &table.name;
        let mut finding =
            error(format_args!("the line has {found} cells, table {name} reads {wanted} of them"))
                .table(name)
                .remedy(
                    "the lines a table is made of must have the same number of cells in every file",
                );
        finding.line = Some(row + 1);
        finding.column = Some(found as u64 + 1);
        finding.cell = self.lines.get(&row).map(|line| shown(&line.text));
        Box::new(Note { finding, call: None })
    }
}

impl CutLine {
    fn get(&self, cell: usize) -> Option<&[u8]> {
        self.cells.get(cell).map(|&(start, end)| &self.text[start..end])
    }
}
