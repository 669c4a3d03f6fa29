//! Columns of a block of rows, one after the other.

use std::ops::Range;

/// How many rows and columns are turned in registers.
const TILE: usize = 8;

/// Turns some columns of a block of rows of `calls` calls, each of `W` bytes, which fills `out`.
pub(super) fn across<const W: usize>(
    rows: &[u8],
    calls: usize,
    group: &Range<usize>,
    out: &mut Vec<u8>,
) {
    let count = rows.len() / (calls * W).max(1);
    out.resize(count * group.len() * W, 0);
    if W == 1 {
        return across_bytes(rows, calls, group, out);
    }
    let (cells, _) = out.as_chunks_mut::<W>();
    let (from, _) = rows.as_chunks::<W>();
    for row in 0..count {
        for (at, column) in group.clone().enumerate() {
            cells[at * count + row] = from[row * calls + column];
        }
    }
}

/// The same for calls of one byte: tile by tile, and what is left byte by byte.
fn across_bytes(rows: &[u8], calls: usize, group: &Range<usize>, out: &mut [u8]) {
    let count = rows.len() / calls.max(1);
    let whole = group.len() - group.len() % TILE;
    let mut tiles = rows.chunks_exact(TILE * calls.max(1));
    let mut row = 0;
    for tile in &mut tiles {
        for at in (0..whole).step_by(TILE) {
            let from = group.start + at;
            let words = std::array::from_fn(|i| word(&tile[i * calls + from..]));
            for (i, word) in turned(words).into_iter().enumerate() {
                out[(at + i) * count + row..][..TILE].copy_from_slice(&word.to_le_bytes());
            }
        }
        for at in whole..group.len() {
            for i in 0..TILE {
                out[at * count + row + i] = tile[i * calls + group.start + at];
            }
        }
        row += TILE;
    }
    for rest in tiles.remainder().chunks_exact(calls.max(1)) {
        for at in 0..group.len() {
            out[at * count + row] = rest[group.start + at];
        }
        row += 1;
    }
}

fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

/// Turns eight rows of eight bytes: halves change places, then quarters, then bytes.
fn turned(mut rows: [u64; TILE]) -> [u64; TILE] {
    for (step, mask) in
        [(4, 0x0000_0000_ffff_ffff), (2, 0x0000_ffff_0000_ffff), (1, 0x00ff_00ff_00ff_00ff)]
    {
        for i in (0..TILE).filter(|i| i & step == 0) {
            let moved = (rows[i] >> (8 * step) ^ rows[i + step]) & mask;
            rows[i] ^= moved << (8 * step);
            rows[i + step] ^= moved;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_call_is_where_its_column_and_row_say(
            (count, calls) in (0..40usize, 1..40usize), (a, b) in (0..40usize, 0..40usize)
        ) {
            let group = a.min(b).min(calls)..a.max(b).min(calls);
            let wide: Vec<u16> = (0..count * calls).map(|i| i as u16).collect();
            let bytes: Vec<u8> = wide.iter().map(|call| *call as u8).collect();
            let pairs: Vec<u8> = wide.iter().flat_map(|call| call.to_le_bytes()).collect();
            let turned = |row: usize, at: usize| wide[row * calls + group.start + at];
            // What was in the buffer before does not matter.
            let (mut one, mut two) = (vec![7; 100], vec![7; 100]);
            across::<1>(&bytes, calls, &group, &mut one);
            across::<2>(&pairs, calls, &group, &mut two);
            for at in 0..group.len() {
                for row in 0..count {
                    let i = at * count + row;
                    prop_assert_eq!(one[i], turned(row, at) as u8);
                    prop_assert_eq!([two[2 * i], two[2 * i + 1]], turned(row, at).to_le_bytes());
                }
            }
            prop_assert_eq!((one.len(), two.len()), (count * group.len(), 2 * count * group.len()));
        }
    }
}
