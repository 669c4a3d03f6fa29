//! Letters, codes and texts of calls: the tables here are all there is to know.
//!
//! A code of two letters is `first << 3 | second`, of a score its place in [`SCORES`].

/// Marks what is no code.
pub(super) const BAD: u8 = 0x80;

/// The letters of a call of two letters.
pub(super) const LETTERS: &[u8; 7] = b"ACGTN+-";

/// The letter of a missing allele.
pub(super) const N: u8 = 4;

/// The code of a missing call of two letters.
pub(super) const NN: u8 = N << 3 | N;

/// Calls of one character and their codes.
pub(super) const SCORES: &[u8; 4] = b"012N";

/// A VCF call with an allele that is not one letter: of two equal ones, of two different ones.
pub(super) const LONG: [u8; 2] = [62, 63];

/// How many codes there are.
pub(crate) const CODES: usize = 64;

/// What IUPAC's letters stand for.
const IUPAC: &[(u8, &[u8; 2])] = &[
    (b'A', b"AA"),
    (b'C', b"CC"),
    (b'G', b"GG"),
    (b'T', b"TT"),
    (b'N', b"NN"),
    (b'W', b"AT"),
    (b'R', b"AG"),
    (b'M', b"AC"),
    (b'K', b"TG"),
    (b'Y', b"TC"),
    (b'S', b"GC"),
    (b'B', b"NN"),
    (b'D', b"NN"),
    (b'H', b"NN"),
    (b'V', b"NN"),
    (b'+', b"++"),
    (b'-', b"--"),
    (b'.', b"--"),
    (b'0', b"+-"),
];

/// The letter's number, or [`BAD`].
const fn letter(byte: u8) -> u8 {
    let mut i = 0;
    while i < LETTERS.len() {
        if LETTERS[i] == byte {
            return i as u8;
        }
        i += 1;
    }
    BAD
}

/// The letters' numbers by their bytes.
pub(super) const STRICT: [u8; 256] = {
    let mut table = [BAD; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = letter(byte as u8);
        byte += 1;
    }
    table
};

/// The same, where `?` and `0` mean a missing allele.
pub(super) const LENIENT: [u8; 256] = {
    let mut table = STRICT;
    table[b'?' as usize] = N;
    table[b'0' as usize] = N;
    table
};

/// Codes by the two bytes of a cell, the first being the lower one.
pub(super) static LENIENT_PAIRS: [u8; 1 << 16] = pairs(&LENIENT);

const fn pairs(letters: &[u8; 256]) -> [u8; 1 << 16] {
    let mut table = [BAD; 1 << 16];
    let mut first = 0;
    while first < 256 {
        let mut second = 0;
        while second < 256 && letters[first] != BAD {
            if letters[second] != BAD {
                table[first | second << 8] = letters[first] << 3 | letters[second];
            }
            second += 1;
        }
        first += 1;
    }
    table
}

/// The codes of IUPAC's letters, in either case.
pub(super) static IUPAC_CODES: [u8; 256] = {
    let mut table = [BAD; 256];
    let mut i = 0;
    while i < IUPAC.len() {
        let (byte, pair) = IUPAC[i];
        let code = letter(pair[0]) << 3 | letter(pair[1]);
        table[byte as usize] = code;
        table[byte.to_ascii_lowercase() as usize] = code;
        i += 1;
    }
    table
};

/// The codes of the first `kinds` scores and of N.
const fn scores(kinds: usize) -> [u8; 256] {
    let mut table = [BAD; 256];
    let mut i = 0;
    while i < kinds {
        table[SCORES[i] as usize] = i as u8;
        i += 1;
    }
    table[b'N' as usize] = 3;
    table
}

pub(super) static DOMINANT: [u8; 256] = scores(2);
pub(super) static CO_DOMINANT: [u8; 256] = scores(3);

/// The texts of the codes of two letters.
pub(super) static PAIRS: [[u8; 2]; CODES] = {
    let mut table = [*b"NN"; CODES];
    let mut code = 0;
    while code < CODES {
        if code >> 3 < LETTERS.len() && code & 7 < LETTERS.len() {
            table[code] = [LETTERS[code >> 3], LETTERS[code & 7]];
        }
        code += 1;
    }
    table
};
