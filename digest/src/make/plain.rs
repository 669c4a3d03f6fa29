//! The quick ways for rows of nothing but plain calls: many at a time, and no branch for any.

use std::array;

use super::{
    letters::{BAD, CODES, LENIENT_PAIRS, PAIRS},
    twos::{self, TwoCodes},
};

/// How many calls are read or written at once.
const EIGHT: usize = 8;

/// [`BAD`] in any of eight codes.
const ANY_BAD: u64 = u64::from_le_bytes([BAD; EIGHT]);

/// How many times eight texts are put together at once.
const PART: usize = 32;

/// Eight calls: their codes, and not zero if they are no plain calls.
struct Read {
    codes: [u8; EIGHT],
    wrong: u64,
}

/// Nothing but calls of two letters that are written as they are.
pub(super) fn two_letters(row: &[u8], delimiter: u8, codes: &mut Vec<u8>) -> bool {
    let marks = u64::from_le_bytes([0, 0, delimiter, 0, 0, delimiter, 0, 0]);
    let eight = |block: &[u8; 24]| {
        let cells = [word(block, 0), word(block, 6), word(block, 12), word(block, 16) >> 16];
        let found = cells.map(twos::cells);
        let wrong = array::from_fn::<_, 4, _>(|i| (found[i] ^ cells[i] ^ marks) << 16);
        let codes = found.map(|found| found >> 48);
        let [a, b, c, d] = codes;
        let codes = (a | b << 16 | c << 32 | d << 48).to_le_bytes();
        Read { codes, wrong: wrong[0] | wrong[1] | wrong[2] | wrong[3] }
    };
    let one = |[first, second]: [u8; 2]| {
        let found = twos::cells(u64::from_le_bytes([first, second, 0, b'A', b'A', 0, 0, 0]));
        let [a, b, .., code, _] = found.to_le_bytes();
        if [a, b] == [first, second] { code } else { BAD }
    };
    plain(row, delimiter, codes, eight, one)
}

/// Nothing but calls of two letters, some of which stand for a missing allele.
pub(super) fn lenient_letters(row: &[u8], delimiter: u8, codes: &mut Vec<u8>) -> bool {
    let one = |cell| LENIENT_PAIRS[usize::from(u16::from_le_bytes(cell))];
    let eight = |block: &[u8; 24]| {
        let (cells, _) = block.as_chunks::<3>();
        let codes = array::from_fn(|i| one([cells[i][0], cells[i][1]]));
        let between = cells.iter().fold(0, |between, cell| between | (cell[2] ^ delimiter));
        Read { codes, wrong: u64::from_le_bytes(codes) & ANY_BAD | u64::from(between) }
    };
    plain(row, delimiter, codes, eight, one)
}

/// Nothing but calls of one character.
pub(super) fn one_letter(table: &TwoCodes, row: &[u8], delimiter: u8, codes: &mut Vec<u8>) -> bool {
    let marks = u64::from_le_bytes([0, delimiter, 0, delimiter, 0, delimiter, 0, delimiter]);
    let behind = u64::from_le_bytes([0, 255, 0, 255, 0, 255, 0, 255]);
    let eight = |block: &[u8; 16]| {
        let cells = [word(block, 0), word(block, 8)];
        let four = |word| {
            u64::from(twos::codes(table, word)) | u64::from(twos::codes(table, word >> 32)) << 16
        };
        let codes = four(cells[0]) | four(cells[1]) << 32;
        let between = (cells[0] ^ marks | cells[1] ^ marks) & behind;
        Read { codes: codes.to_le_bytes(), wrong: codes & ANY_BAD | between }
    };
    let one = |[letter]: [u8; 1]| twos::codes(table, u64::from(letter)).to_le_bytes()[0];
    plain(row, delimiter, codes, eight, one)
}

fn word(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}

/// Nothing but cells of `W` bytes, each of which has a code; `BLOCK` bytes are eight of them, a
/// delimiter behind each.
fn plain<const W: usize, const BLOCK: usize>(
    row: &[u8],
    delimiter: u8,
    codes: &mut Vec<u8>,
    eight: impl Fn(&[u8; BLOCK]) -> Read,
    one: impl Fn([u8; W]) -> u8,
) -> bool {
    if row.len() % (W + 1) != W {
        return false;
    }
    // What they held is overwritten: rows are as long as each other, so nothing is cleared.
    codes.resize(row.len() / (W + 1) + 1, BAD);
    let (blocks, rest) = row.as_chunks::<BLOCK>();
    let (in_blocks, others) = codes.split_at_mut(EIGHT * blocks.len());
    let mut wrong = 0;
    for (codes, block) in in_blocks.as_chunks_mut().0.iter_mut().zip(blocks) {
        let read = eight(block);
        *codes = read.codes;
        wrong |= read.wrong;
    }
    for (code, cell) in others.iter_mut().zip(rest.chunks(W + 1)) {
        *code = one(array::from_fn(|i| cell[i]));
        wrong |= u64::from(*code & BAD);
        wrong |= u64::from(cell.get(W).map_or(0, |byte| *byte ^ delimiter));
    }
    wrong == 0
}

/// Appends calls of two letters, a tab behind each.
pub(super) fn write_pairs(codes: &[u8], out: &mut Vec<u8>) {
    out.reserve(3 * codes.len() + 1);
    let (eights, rest) = codes.as_chunks();
    // In parts, which are made without looking whether there is room, and copied as a whole.
    let mut texts = [[[0; EIGHT]; 3]; PART];
    for part in eights.chunks(PART) {
        texts.iter_mut().zip(part).for_each(|(text, eight)| *text = eight_pairs(eight));
        out.extend_from_slice(texts[..part.len()].as_flattened().as_flattened());
    }
    for code in rest {
        out.extend_from_slice(&PAIRS[usize::from(*code) % CODES]);
        out.push(b'\t');
    }
}

/// The texts of eight codes, which fill three words.
fn eight_pairs(codes: &[u8; EIGHT]) -> [[u8; EIGHT]; 3] {
    let codes = u64::from_le_bytes(*codes);
    let [a, b, c, d] = [0, 16, 32, 48].map(|two| twos::texts((codes >> two) as u16));
    [a | b << 48, b >> 16 | c << 32, c >> 32 | d << 16].map(u64::to_le_bytes)
}
