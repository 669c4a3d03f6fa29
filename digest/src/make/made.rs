//! Rows of a table, made from one chunk.

use std::ops::Range;

/// From how long on a row is worth leaving where it is.
const LONG: usize = 1 << 10;

/// A table's rows: what was put together, and in between what stands in the chunk as it is to be
/// written, which nobody copies before it is.
#[derive(Debug, Default)]
pub(crate) struct MadeRows {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: u64,
    left: Vec<Left>,
}

/// A row that was left where it is.
#[derive(Debug)]
struct Left {
    /// How much of what was put together is written before it.
    before: usize,
    /// Where it is in the chunk, its line end with it.
    place: Range<usize>,
}

impl MadeRows {
    /// No row yet, and a buffer to fill.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// Rows that were put together.
    pub(crate) fn of(bytes: Vec<u8>, rows: u64) -> Self {
        Self { bytes, rows, ..Self::default() }
    }

    /// Appends a row and a line end. A long one that has both in the chunk is left there.
    pub(super) fn push_as_it_is(&mut self, row: &[u8], chunk: &[u8]) {
        match place(row, chunk).filter(|place| chunk.get(place.end) == Some(&b'\n')) {
            Some(place) if row.len() >= LONG => {
                let place = place.start..place.end + 1;
                self.left.push(Left { before: self.bytes.len(), place });
            }
            _ => {
                self.bytes.extend_from_slice(row);
                self.bytes.push(b'\n');
            }
        }
    }

    /// All rows, part by part.
    pub(crate) fn parts<'a>(&'a self, chunk: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut made = 0;
        let parts = self.left.iter().flat_map(move |left| {
            let start = std::mem::replace(&mut made, left.before);
            [&self.bytes[start..left.before], &chunk[left.place.clone()]]
        });
        let last = self.left.last().map_or(0, |left| left.before);
        parts.chain([&self.bytes[last..]])
    }
}

/// Where a part of a text is in it, if it is one.
fn place(part: &[u8], text: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    (start + part.len() <= text.len()).then_some(start..start + part.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_order_wherever_they_are() {
        let long = "A".repeat(LONG);
        let chunk = format!("m1 {long}\nm2 {long}\r\nm3 AC\nm4 {long}");
        let rows = chunk.split('\n').map(|line| line[3..].trim_end());
        let mut made = MadeRows::new(Vec::new());
        rows.clone().for_each(|row| made.push_as_it_is(row.as_bytes(), chunk.as_bytes()));
        made.push_as_it_is(long.as_bytes(), chunk.as_bytes());
        assert_eq!(made.left.len(), 1, "the others are short, elsewhere, or end otherwise");
        let text: Vec<u8> = made.parts(chunk.as_bytes()).flatten().copied().collect();
        let expected: String = rows.chain([&long[..]]).map(|row| format!("{row}\n")).collect();
        assert!(text == expected.as_bytes());
    }
}
