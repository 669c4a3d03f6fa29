//! Tables that are made of single lines: every cell of the line is a row.

use std::{collections::BTreeMap, iter};

use schema::Excerpt;

use super::{
    chunk,
    excerpt::excerpt,
    notes::{Note, shown},
    row::push_number,
    scan,
    unique::Tidied,
};
use crate::{
    failure::error,
    pattern::Delimiter,
    plan::{TablePlan, Value},
};

/// About how many bytes of rows are made at once.
const PART_BYTES: usize = 1 << 20;

/// The lines of one file that such tables are made of.
#[derive(Debug, Default)]
pub(crate) struct RowLines {
    lines: BTreeMap<u64, CutLine>,
}

/// A line and how it is cut, empty cells at its end left out. The cells are found again whenever
/// they are wanted: to remember each of them would take more room than the line.
#[derive(Debug)]
struct CutLine {
    text: Vec<u8>,
    /// How many cells there are.
    count: usize,
    cut: Cut,
}

#[derive(Debug)]
enum Cut {
    /// A byte stands between them.
    Byte(u8),
    /// They begin and end there.
    Places(Vec<(usize, usize)>),
}

impl RowLines {
    pub(crate) fn insert(&mut self, number: u64, text: Vec<u8>, delimiter: &Delimiter) {
        self.lines.insert(number, CutLine::new(text, delimiter));
    }

    pub(crate) fn clear(&mut self) {
        self.lines.clear();
    }

    /// A cell of one of the lines, as people may see it.
    pub(crate) fn name(&self, row: u64, cell: usize) -> Option<String> {
        self.lines.get(&row)?.cells().nth(cell).map(shown)
    }

    /// The rows that the lines make in a table. `rows` is how many a file must make at least, for
    /// no file may make fewer than one before it.
    pub(crate) fn rows<'a>(
        &'a self,
        table: &'a TablePlan,
        rows: &mut usize,
    ) -> Result<CellRows<'a>, Box<Note>> {
        let cells = table.parts.iter().filter_map(|part| match part.value {
            Value::Cell { row, cell, .. } => Some((row, cell)),
            _ => None,
        });
        let mut places = Vec::new();
        for (row, first) in cells {
            let there = self.lines.get(&row).map_or(0, |line| line.count);
            if there < first && self.lines.contains_key(&row) {
                return Err(self.too_few(table, row, first + 1, there));
            }
            places.push((row, first, there.saturating_sub(first)));
        }
        *rows = places.iter().map(|place| place.2).max().unwrap_or_default().max(*rows);
        if let Some((row, first, there)) = places.into_iter().find(|place| place.2 != *rows) {
            return Err(self.too_few(table, row, first + *rows, first + there));
        }
        let cells = table.parts.iter().map(|part| self.cells(&part.value)).collect();
        Ok(CellRows { table, cells, left: *rows })
    }

    /// The cells of a line from one on, if the value is made of such.
    fn cells(&self, value: &Value) -> CellsLeft<'_> {
        match value {
            Value::Cell { row, cell, .. } => {
                Box::new(self.lines.get(row).into_iter().flat_map(CutLine::cells).skip(*cell))
            }
            _ => Box::new(iter::empty()),
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
        let line = self.lines.get(&row);
        finding.cell = line.map(|line| shown(&line.text));
        finding.excerpt = line.map(|line| Box::new(line.excerpt(found)));
        Box::new(Note { finding, call: None })
    }
}

impl CutLine {
    fn new(text: Vec<u8>, delimiter: &Delimiter) -> Self {
        let (count, cut) = match delimiter {
            Delimiter::Byte(byte) => (count(&text, *byte), Cut::Byte(*byte)),
            Delimiter::Regex(_) => {
                let mut places = Vec::new();
                delimiter.cut(&text, &mut places);
                while !text.is_empty() && places.last().is_some_and(|(start, end)| start == end) {
                    places.pop();
                }
                (places.len(), Cut::Places(places))
            }
        };
        Self { text, count, cut }
    }

    /// A cell among its neighbours, for people.
    fn excerpt(&self, cell: usize) -> Excerpt {
        let (place, delimiter) = match &self.cut {
            Cut::Byte(byte) => (scan::place(&self.text, *byte, cell), Some(*byte)),
            Cut::Places(places) => (places.get(cell).map(|&(start, end)| start..end), None),
        };
        excerpt(&self.text, place.unwrap_or(self.text.len()..self.text.len()), delimiter)
    }

    fn cells(&self) -> CellsLeft<'_> {
        match &self.cut {
            Cut::Byte(byte) => Box::new(scan::cells(&self.text, *byte).take(self.count)),
            Cut::Places(places) => {
                Box::new(places.iter().map(|&(start, end)| &self.text[start..end]))
            }
        }
    }
}

/// How many cells a line has, empty ones at its end left out; an empty line has one.
fn count(text: &[u8], delimiter: u8) -> usize {
    match text.iter().rposition(|byte| *byte != delimiter) {
        None if !text.is_empty() => 0,
        last => {
            let filled = last.map_or(0, |last| last + 1);
            memchr::memchr_iter(delimiter, &text[..filled]).count() + 1
        }
    }
}

/// The rows of one table, cell by cell.
pub(crate) struct CellRows<'a> {
    table: &'a TablePlan,
    /// For every part of the table's rows the cells not yet used.
    cells: Vec<CellsLeft<'a>>,
    left: usize,
}

type CellsLeft<'a> = Box<dyn Iterator<Item = &'a [u8]> + 'a>;

impl CellRows<'_> {
    /// Whether there are more.
    pub(crate) fn has_more(&self) -> bool {
        self.left > 0
    }

    /// Appends the next rows to an empty buffer, and answers how many. `number` counts over all
    /// files.
    pub(crate) fn make(&mut self, number: &mut u64, out: &mut Vec<u8>) -> Result<u64, Box<Note>> {
        let mut made = 0;
        while self.has_more() && out.len() < PART_BYTES {
            let start = out.len();
            self.push(*number, out);
            self.left -= 1;
            *number += 1;
            match chunk::finish(self.table, out, start) {
                Ok(Tidied::Kept { .. }) => made += 1,
                Ok(Tidied::Gone) => {}
                Err(why) => {
                    let finding = error(why).table(&self.table.name);
                    return Err(Box::new(Note { finding, call: None }));
                }
            }
        }
        Ok(made)
    }

    fn push(&mut self, number: u64, out: &mut Vec<u8>) {
        let start = out.len();
        for (part, cells) in self.table.parts.iter().zip(&mut self.cells) {
            if out.len() > start && !part.glued && !matches!(part.value, Value::Nothing) {
                out.push(b'\t');
            }
            match &part.value {
                Value::Constant(text) => out.extend_from_slice(text),
                Value::Counter => push_number(number, out),
                Value::Cell { filter, .. } => {
                    if let Some(text) = cells.next() {
                        filter.push(text, out);
                    }
                }
                Value::Nothing => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(line: &str, delimiter: &str) -> Vec<String> {
        let line = CutLine::new(line.into(), &Delimiter::compile(delimiter).unwrap());
        let cells: Vec<_> =
            line.cells().map(|cell| String::from_utf8(cell.to_vec()).unwrap()).collect();
        assert_eq!(cells.len(), line.count);
        cells
    }

    #[test]
    fn a_line_is_cut_alike_by_a_byte_and_by_a_pattern() {
        for (line, expected) in [
            ("a\tb", &["a", "b"][..]),
            ("a\t\tb\t\t", &["a", "", "b"]),
            ("\ta", &["", "a"]),
            ("\t\t", &[]),
            ("", &[""]),
        ] {
            assert_eq!(cells(line, "\\t"), expected, "{line:?}");
            assert_eq!(cells(line, "[\\t]"), expected, "{line:?}");
        }
    }
}
