//! The quick ways for rows of nothing but plain calls: many at a time, and no branch for any.

use std::array;

use super::letters::{BAD, CODES, PAIRS, PairCodes, TWO, TWO_PAIRS};

/// How many calls are read at once, and how many bytes are compared.
const WORD: usize = 8;

/// How many texts of two calls are put together at once.
const PART: usize = 1024;

/// Nothing but calls of two letters.
pub(super) fn two_letters(
    table: &PairCodes,
    row: &[u8],
    delimiter: u8,
    codes: &mut Vec<u8>,
) -> bool {
    plain(row, delimiter, codes, |[first, second]: [u8; 2]| {
        table[usize::from(u16::from_le_bytes([first, second]))]
    })
}

/// Nothing but calls of one character.
pub(super) fn one_letter(
    table: &[u8; 256],
    row: &[u8],
    delimiter: u8,
    codes: &mut Vec<u8>,
) -> bool {
    plain(row, delimiter, codes, |[letter]: [u8; 1]| table[usize::from(letter)])
}

/// Nothing but cells of `W` bytes, each of which has a code.
fn plain<const W: usize>(
    row: &[u8],
    delimiter: u8,
    codes: &mut Vec<u8>,
    code: impl Fn([u8; W]) -> u8,
) -> bool {
    if row.len() % (W + 1) != W {
        return false;
    }
    // What they held is overwritten: rows are as long as each other, so nothing is cleared.
    codes.resize(row.len() / (W + 1) + 1, BAD);
    let text = |cell: &[u8]| array::from_fn(|i| cell[i]);
    let (mut bad, mut between) = (0, 0);
    let blocks = row.chunks_exact(WORD * (W + 1));
    let (in_blocks, others) = codes.split_at_mut(WORD * blocks.len());
    let cells = blocks.remainder().chunks(W + 1);
    let marks = delimiters::<W>(delimiter);
    for (eight, block) in in_blocks.as_chunks_mut::<WORD>().0.iter_mut().zip(blocks) {
        *eight = array::from_fn(|i| code(text(&block[i * (W + 1)..])));
        bad |= u64::from_le_bytes(*eight);
        for (word, (mask, marks)) in block.as_chunks::<WORD>().0.iter().zip(marks) {
            between |= u64::from_le_bytes(*word) & mask ^ marks;
        }
    }
    for (to, cell) in others.iter_mut().zip(cells) {
        *to = code(text(cell));
        bad |= u64::from(*to);
        between |= u64::from(cell.get(W).map_or(0, |byte| *byte ^ delimiter));
    }
    bad & u64::from_le_bytes([BAD; WORD]) == 0 && between == 0
}

/// What stands behind eight cells of `W` bytes, in each of the words that they fill together: a mask
/// of these places, and the delimiter in all of them.
fn delimiters<const W: usize>(delimiter: u8) -> [(u64, u64); 3] {
    array::from_fn(|word| {
        let is_behind = |byte: usize| (word * WORD + byte) % (W + 1) == W;
        let fill = |with| array::from_fn(|byte| if is_behind(byte) { with } else { 0 });
        (u64::from_le_bytes(fill(u8::MAX)), u64::from_le_bytes(fill(delimiter)))
    })
}

/// Appends calls of two letters, a tab behind each.
pub(super) fn write_pairs(codes: &[u8], out: &mut Vec<u8>) {
    out.reserve(3 * codes.len() + 1);
    let (twos, last) = codes.as_chunks::<2>();
    // In parts, which are made without looking whether there is room, and copied as a whole.
    let mut texts = Vec::with_capacity(PART);
    for part in twos.chunks(PART) {
        texts.clear();
        texts.extend(part.iter().map(|two| TWO_PAIRS[usize::from(u16::from_le_bytes(*two)) % TWO]));
        out.extend_from_slice(texts.as_flattened());
    }
    for code in last {
        out.extend_from_slice(&PAIRS[usize::from(*code) % CODES]);
        out.push(b'\t');
    }
}
