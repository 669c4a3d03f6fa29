//! The cells of one line, cut once for all tables.

use std::ops::Range;

use super::scan;
use crate::pattern::Delimiter;

/// Where the first cells of a line are.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    bounds: Vec<(usize, usize)>,
    /// All cells were cut, not only as many as needed.
    all: bool,
}

/// What a line has from one cell on, empty cells at its end left out.
pub(crate) enum Tail<'a> {
    /// Cells with this byte between them; the last one is not empty, unless the line is.
    Joined(&'a [u8], u8),
    /// Cells cut in another way.
    Cut(&'a [(usize, usize)]),
    /// No cell.
    Nothing,
}

impl Cells {
    /// Cuts the line's first cells.
    pub(crate) fn cut(&mut self, line: &[u8], delimiter: &Delimiter, needed: usize) {
        let Delimiter::Byte(byte) = delimiter else {
            delimiter.cut(line, &mut self.bounds);
            self.all = true;
            return;
        };
        self.bounds.clear();
        let mut start = 0;
        for at in scan::Places::of(*byte, line).take(needed) {
            self.bounds.push((start, at));
            start = at + 1;
        }
        self.all = self.bounds.len() < needed;
        if self.all {
            self.bounds.push((start, line.len()));
        }
    }

    /// A cell, if the line has it.
    pub(crate) fn get<'a>(&self, line: &'a [u8], cell: usize) -> Option<&'a [u8]> {
        self.bounds.get(cell).map(|&(start, end)| &line[start..end])
    }

    /// Where a cell is: at the line's end, if it is missing.
    pub(crate) fn place(&self, line: &[u8], delimiter: &Delimiter, cell: usize) -> Range<usize> {
        let place = match delimiter {
            Delimiter::Byte(byte) => scan::place(line, *byte, cell),
            Delimiter::Regex(_) => self.bounds.get(cell).map(|&(start, end)| start..end),
        };
        place.unwrap_or(line.len()..line.len())
    }

    /// How many cells were cut: all, where one was missing.
    pub(crate) fn len(&self) -> usize {
        self.bounds.len()
    }

    /// The cells from one on, or how many there are if they are too few.
    pub(crate) fn tail<'a>(
        &'a self,
        line: &'a [u8],
        delimiter: &Delimiter,
        cell: usize,
    ) -> Result<Tail<'a>, usize> {
        match delimiter {
            Delimiter::Byte(byte) => self.joined(line, *byte, cell),
            Delimiter::Regex(_) => self.several(line, cell),
        }
    }

    fn joined<'a>(&self, line: &'a [u8], byte: u8, cell: usize) -> Result<Tail<'a>, usize> {
        let end = line.iter().rposition(|other| *other != byte).map_or(0, |last| last + 1);
        match self.bounds.get(cell) {
            Some(&(start, _)) if start < end => Ok(Tail::Joined(&line[start..end], byte)),
            _ => {
                let filled = self.bounds.iter().take_while(|(start, _)| *start < end).count();
                nothing(line, filled, cell)
            }
        }
    }

    fn several<'a>(&'a self, line: &'a [u8], cell: usize) -> Result<Tail<'a>, usize> {
        let last = self.bounds.iter().rposition(|(start, end)| start < end);
        let filled = last.map_or(0, |last| last + 1);
        match self.bounds.get(cell..filled) {
            Some(cells) if !cells.is_empty() => Ok(Tail::Cut(cells)),
            _ => nothing(line, filled, cell),
        }
    }
}

/// An empty line counts as one empty cell.
fn nothing(line: &[u8], filled: usize, cell: usize) -> Result<Tail<'_>, usize> {
    match (line.is_empty(), cell) {
        (true, 0) => Ok(Tail::Joined(line, b'\t')),
        (true, 1) => Ok(Tail::Nothing),
        (true, _) => Err(1),
        (false, _) if cell <= filled => Ok(Tail::Nothing),
        (false, _) => Err(filled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(line: &str, cell: usize) -> Result<String, usize> {
        let delimiter = Delimiter::compile("\\t").unwrap();
        let mut cells = Cells::default();
        cells.cut(line.as_bytes(), &delimiter, cell + 1);
        cells.tail(line.as_bytes(), &delimiter, cell).map(|tail| match tail {
            Tail::Joined(text, _) => String::from_utf8(text.to_vec()).unwrap(),
            Tail::Cut(_) => unreachable!(),
            Tail::Nothing => "-".to_owned(),
        })
    }

    #[test]
    fn empty_cells_at_the_end_do_not_count() {
        assert_eq!(tail("a\tb\tc\t\t", 1).unwrap(), "b\tc");
        assert_eq!(tail("a\tb\t\t", 2).unwrap(), "-");
        assert_eq!(tail("a\t\t\t", 2), Err(1));
        assert_eq!(tail("\t\t", 0).unwrap(), "-");
        assert_eq!(tail("\t\t", 1), Err(0));
        assert_eq!(tail("", 0).unwrap(), "");
        assert_eq!(tail("", 1).unwrap(), "-");
        assert_eq!(tail("", 2), Err(1));
        assert_eq!(tail("\tb", 0).unwrap(), "\tb");
    }
}
