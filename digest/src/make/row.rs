//! One row, put together from its values.

use schema::Excerpt;

use super::{
    cells::{Cells, Tail},
    excerpt::excerpt,
    scan,
};
use crate::{
    pattern::{Delimiter, Filter},
    plan::{Read, TablePlan, Value},
};

/// A line of input, cut.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) cells: &'a Cells,
    pub(crate) delimiter: &'a Delimiter,
}

impl Line<'_> {
    /// A cell among its neighbours, for people; without a cell, how the line begins.
    pub(super) fn excerpt(self, cell: Option<usize>) -> Excerpt {
        let place = cell.map_or(0..0, |cell| self.cells.place(self.text, self.delimiter, cell));
        excerpt(self.text, place, self.delimiter.byte())
    }
}

/// A cell that is wanted and not there: which one, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooFew {
    pub(crate) wanted: usize,
    pub(crate) found: usize,
}

/// Appends the row that a line makes in a table. Answers whether it begins with empty values, which
/// leave no tab, so that what follows stands further left.
pub(crate) fn push(
    table: &TablePlan,
    line: Line<'_>,
    number: u64,
    out: &mut Vec<u8>,
) -> Result<bool, TooFew> {
    let start = out.len();
    let mut shifted = false;
    for (i, part) in table.parts.iter().enumerate() {
        match (&part.value, table.read) {
            (Value::Nothing, _) => {}
            (Value::Cell { filter, .. }, Read::Block { cell, .. }) => {
                let block = Block { filter, glued: part.glued, cell, at: start, column: i };
                shifted |= block.push(line, out)?;
            }
            (value, _) => {
                shifted |= i > 0 && !part.glued && out.len() == start;
                if out.len() > start && !part.glued {
                    out.push(b'\t');
                }
                push_value(value, line, number, out)?;
            }
        }
    }
    Ok(shifted && out.len() > start)
}

/// Appends a single value.
pub(crate) fn push_value(
    value: &Value,
    line: Line<'_>,
    number: u64,
    out: &mut Vec<u8>,
) -> Result<(), TooFew> {
    match value {
        Value::Constant(text) => out.extend_from_slice(text),
        Value::Counter => push_number(number, out),
        Value::Cell { cell, filter, .. } => {
            let too_few = TooFew { wanted: *cell, found: line.cells.len() };
            filter.push(line.cells.get(line.text, *cell).ok_or(too_few)?, out);
        }
        Value::Nothing => {}
    }
    Ok(())
}

/// The cells of a line from one on.
struct Block<'a> {
    filter: &'a Filter,
    glued: bool,
    cell: usize,
    /// Where the row begins.
    at: usize,
    column: usize,
}

impl Block<'_> {
    /// Appends the cells, each behind a tab unless the row is still empty.
    fn push(&self, line: Line<'_>, out: &mut Vec<u8>) -> Result<bool, TooFew> {
        let mut shifted = false;
        let mut push = |i: usize, cell: &[u8]| {
            shifted |= self.column + i > 0 && !self.glued && out.len() == self.at;
            if out.len() > self.at && !self.glued {
                out.push(b'\t');
            }
            self.filter.push(cell, out);
        };
        let tail = line.cells.tail(line.text, line.delimiter, self.cell);
        match tail.map_err(|found| TooFew { wanted: self.cell, found })? {
            Tail::Joined(text, byte) => {
                scan::cells(text, byte).enumerate().for_each(|(i, cell)| push(i, cell));
            }
            Tail::Cut(cells) => {
                for (i, &(from, to)) in cells.iter().enumerate() {
                    push(i, &line.text[from..to]);
                }
            }
            Tail::Nothing => {}
        }
        Ok(shifted)
    }
}

/// Appends a number in decimal.
pub(crate) fn push_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
