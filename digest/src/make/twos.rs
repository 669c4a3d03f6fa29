//! Two calls at a time: tables made of those for one.

use super::letters::{BAD, CO_DOMINANT, CODES, DOMINANT, IUPAC_CODES, LETTERS, PAIRS, STRICT};

/// Which bits of two cells of two letters tell the letters from each other: three of each.
const TELLING: u64 = 0x0000_000e_0e00_0e0e;

/// Brings these bits together at the top. No two others get into each other's way there.
const GATHER: u64 = 1 << 57 | 1 << 43 | 1 << 36 | 1 << 22;

/// How many bits that makes.
const GATHERED: u32 = 12;

/// Two cells of two letters by what [`place`] says of them: the six bytes of the cells, zero where
/// their delimiters are, and above them the two codes. What stands for no cells equals none.
static CELLS: [u64; 1 << GATHERED] = {
    let mut table = [u64::MAX; 1 << GATHERED];
    let mut letters = 0;
    while letters < LETTERS.len().pow(4) {
        let [a, b, c, d] = digits(letters);
        let codes =
            (STRICT[a] << 3 | STRICT[b]) as u64 | ((STRICT[c] << 3 | STRICT[d]) as u64) << 8;
        let cells = a as u64 | (b as u64) << 8 | (c as u64) << 24 | (d as u64) << 32;
        table[place(cells)] = cells | codes << 48;
        letters += 1;
    }
    table
};

/// Four letters by their number.
const fn digits(number: usize) -> [usize; 4] {
    let mut letters = [0; 4];
    let (mut i, mut rest) = (0, number);
    while i < 4 {
        letters[i] = LETTERS[rest % LETTERS.len()] as usize;
        rest /= LETTERS.len();
        i += 1;
    }
    letters
}

const fn place(cells: u64) -> usize {
    ((cells & TELLING).wrapping_mul(GATHER) >> (u64::BITS - GATHERED)) as usize
}

/// What two cells of two letters must be to be plain calls, in the lower six bytes, and the codes
/// that they then have, above.
#[inline]
pub(super) fn cells(word: u64) -> u64 {
    CELLS[place(word)]
}

/// Codes by the lower seven bits of two calls of one character, that of the first one below.
pub(super) type TwoCodes = [u16; 1 << 14];

pub(super) static TWO_IUPAC: TwoCodes = two_codes(&IUPAC_CODES);
pub(super) static TWO_DOMINANT: TwoCodes = two_codes(&DOMINANT);
pub(super) static TWO_CO_DOMINANT: TwoCodes = two_codes(&CO_DOMINANT);

const fn two_codes(codes: &[u8; 256]) -> TwoCodes {
    let mut table = [0; 1 << 14];
    let mut calls = 0;
    while calls < table.len() {
        table[calls] = codes[calls & 0x7f] as u16 | (codes[calls >> 7] as u16) << 8;
        calls += 1;
    }
    table
}

/// The codes of two calls with a byte behind each of them; [`BAD`] also where a call is no ASCII.
#[inline]
pub(super) fn codes(table: &TwoCodes, word: u64) -> u16 {
    let ascii = table[(word & 0x7f | word >> 9 & 0x3f80) as usize];
    let high = (word & u64::from(BAD) | word >> 8 & u64::from(BAD) << 8) as u16;
    ascii | high
}

/// The texts of two codes, a tab behind each, in the lower six bytes.
static TEXTS: [u64; CODES * CODES] = {
    let mut table = [0; CODES * CODES];
    let mut codes = 0;
    while codes < table.len() {
        let (first, second) = (PAIRS[codes % CODES], PAIRS[codes / CODES]);
        let text = [first[0], first[1], b'\t', second[0], second[1], b'\t', 0, 0];
        table[codes] = u64::from_le_bytes(text);
        codes += 1;
    }
    table
};

/// The texts of two codes, the first of which is below, a tab behind each, in the lower six bytes.
#[inline]
pub(super) fn texts(codes: u16) -> u64 {
    TEXTS[usize::from(codes & 0x3f | codes >> 2 & 0xfc0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_all_cells_only_those_of_two_letters_equal_what_is_found() {
        for (first, second) in (0..=255).flat_map(|a| (0..=255).map(move |b| (a, b))) {
            for word in
                [[first, second, 0, b'A', b'C', 0, 0, 0], [b'T', b'-', 0, first, second, 0, 0, 0]]
            {
                let found = cells(u64::from_le_bytes(word)).to_le_bytes();
                let code = |a: u8, b: u8| STRICT[usize::from(a)] << 3 | STRICT[usize::from(b)];
                let is_plain = LETTERS.contains(&first) && LETTERS.contains(&second);
                assert_eq!(found[..6] == word[..6], is_plain, "{word:?}");
                if is_plain {
                    assert_eq!(found[6..], [code(word[0], word[1]), code(word[3], word[4])]);
                }
            }
        }
    }

    #[test]
    fn two_calls_of_one_character_have_the_codes_of_each() {
        for (first, second) in (0..=255).flat_map(|a| (0..=255).map(move |b| (a, b))) {
            let word = u64::from_le_bytes([first, b'\t', second, 0xff, 0xff, 0xff, 0xff, 0xff]);
            let each = [first, second].map(|byte: u8| IUPAC_CODES[usize::from(byte)]);
            let both = codes(&TWO_IUPAC, word).to_le_bytes();
            for (code, expected) in both.into_iter().zip(each) {
                assert_eq!(code & BAD, expected & BAD);
                assert!(code == expected || expected & BAD != 0);
            }
        }
    }
}
