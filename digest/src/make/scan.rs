//! Where a byte stands in a text, for texts in which it stands often.
//!
//! `memchr` is unbeaten over long distances; cells are a few bytes long, so here many of them are
//! found at once, as bits of a mask.

use std::ops::Range;

/// How many bytes are looked at together.
const BLOCK: usize = 64;

/// The places of a byte, from the left.
#[derive(Debug)]
pub(super) struct Places<'a> {
    text: &'a [u8],
    byte: u8,
    /// A bit for every place in the present block that was not given yet.
    mask: u64,
    /// Where the present block begins.
    block: usize,
    /// Where the next one does.
    next: usize,
}

impl<'a> Places<'a> {
    pub(super) fn of(byte: u8, text: &'a [u8]) -> Self {
        Self { text, byte, mask: 0, block: 0, next: 0 }
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.mask == 0 {
            let rest = self.text.get(self.next..).filter(|rest| !rest.is_empty())?;
            self.mask = match rest.first_chunk::<BLOCK>() {
                Some(block) => mask(block, self.byte),
                None => last_mask(rest, self.byte),
            };
            self.block = self.next;
            self.next += BLOCK;
        }
        let at = self.block + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(at)
    }
}

/// A bit for every byte of the block that is this one.
fn mask(block: &[u8; BLOCK], byte: u8) -> u64 {
    let mut equal = [0; BLOCK];
    for (equal, other) in equal.iter_mut().zip(block) {
        *equal = u8::from(*other == byte);
    }
    let (eights, _) = equal.as_chunks::<8>();
    let mut mask = 0;
    for (i, eight) in eights.iter().enumerate() {
        // The product has the lowest bits of the eight bytes side by side in its highest byte.
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (8 * i);
    }
    mask
}

/// The same for the last few bytes of a text.
#[cold]
fn last_mask(rest: &[u8], byte: u8) -> u64 {
    let mut block = [!byte; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    mask(&block, byte)
}

/// The cells of a row, of which there is always one.
pub(super) fn cells(row: &[u8], delimiter: u8) -> impl Iterator<Item = &[u8]> {
    let (mut places, mut start) = (Places::of(delimiter, row), Some(0));
    std::iter::from_fn(move || {
        let from = start?;
        let end = places.next();
        start = end.map(|end| end + 1);
        Some(&row[from..end.unwrap_or(row.len())])
    })
}

/// Where a cell of a row is, if the row has it.
pub(super) fn place(row: &[u8], delimiter: u8, cell: usize) -> Option<Range<usize>> {
    let mut places = Places::of(delimiter, row);
    let start = match cell.checked_sub(1) {
        Some(before) => places.nth(before)? + 1,
        None => 0,
    };
    Some(start..places.next().unwrap_or(row.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cells_are_what_splitting_gives(row in prop::collection::vec(prop::sample::select(vec![b'\t', b'a', b'\n', 0x89]), 0..300)) {
            let expected: Vec<_> = row.split(|byte| *byte == b'\t').collect();
            prop_assert_eq!(cells(&row, b'\t').collect::<Vec<_>>(), expected.clone());
            for (i, cell) in expected.iter().enumerate() {
                prop_assert_eq!(&row[place(&row, b'\t', i).unwrap()], *cell);
            }
            prop_assert_eq!(place(&row, b'\t', expected.len()), None);
        }
    }

    #[test]
    fn every_place_is_found_once() {
        let text: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for byte in [0, 9, 63, 64, 128, 255] {
            let expected: Vec<_> = (usize::from(byte)..1000).step_by(256).collect();
            assert_eq!(Places::of(byte, &text).collect::<Vec<_>>(), expected);
        }
    }
}
