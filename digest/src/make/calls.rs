//! Calls: a row's cells become codes of one byte, and codes become text.
//!
//! A code of two letters is `first << 3 | second`; the tables below are all there is to know.

use crate::plan::Calls;

/// Marks what is no code.
const BAD: u8 = 0x80;

/// The letters of a call of two letters.
const LETTERS: &[u8; 7] = b"ACGTN+-";

/// The letter of a missing allele.
const N: u8 = 4;

/// The code of a missing call of two letters.
const NN: u8 = N << 3 | N;

/// Calls of one character and their codes.
const SCORES: &[u8; 4] = b"012N";

/// A VCF call with an allele that is not one letter: of two equal ones, of two different ones.
pub(super) const LONG: [u8; 2] = [62, 63];

/// How many codes there are.
pub(crate) const CODES: usize = 64;

/// Words that mean a missing call.
const MISSING_WORDS: [&[u8]; 4] = [b"NTC", b"Uncallable", b"Unknown", b"Unreadable"];

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
const LENIENT: [u8; 256] = {
    let mut table = STRICT;
    table[b'?' as usize] = N;
    table[b'0' as usize] = N;
    table
};

/// The same, shifted to the place of the first letter.
const LENIENT_FIRST: [u8; 256] = {
    let mut table = LENIENT;
    let mut byte = 0;
    while byte < 256 {
        if table[byte] != BAD {
            table[byte] <<= 3;
        }
        byte += 1;
    }
    table
};

/// The codes of IUPAC's letters, in either case.
const IUPAC_CODES: [u8; 256] = {
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

const DOMINANT: [u8; 256] = scores(2);
const CO_DOMINANT: [u8; 256] = scores(3);

/// The texts of the codes of two letters.
const PAIRS: [[u8; 2]; CODES] = {
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

/// Why a cell is no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadCall {
    /// It was counted as missing; a few of them are tolerated.
    Tolerated,
    /// It cannot stand in the digest.
    Wrong,
}

/// How the calls of a matrix are read and written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codec {
    pub(crate) calls: Calls,
}

impl Codec {
    /// Reads a row's cells into codes; `bad` hears of every cell that is no call.
    pub(super) fn read(
        self,
        row: &[u8],
        delimiter: u8,
        codes: &mut Vec<u8>,
        mut bad: impl FnMut(usize, &[u8], BadCall),
    ) {
        codes.clear();
        let quick = match self.calls {
            Calls::TwoLetters => two_letters(row, delimiter, codes),
            Calls::Iupac => one_letter(&IUPAC_CODES, row, delimiter, codes),
            Calls::Dominant => one_letter(&DOMINANT, row, delimiter, codes),
            Calls::CoDominant => one_letter(&CO_DOMINANT, row, delimiter, codes),
            Calls::Ssr | Calls::Vcf { .. } => false,
        };
        if quick {
            return;
        }
        codes.clear();
        for (i, cell) in row.split(|byte| *byte == delimiter).enumerate() {
            codes.push(self.cell(cell).unwrap_or_else(|why| {
                bad(i, cell, why);
                self.missing()
            }));
        }
    }

    /// Reads one cell, with all that the quick ways leave out.
    fn cell(self, cell: &[u8]) -> Result<u8, BadCall> {
        match self.calls {
            Calls::TwoLetters => two_letter_cell(cell),
            Calls::Iupac => iupac_cell(cell),
            Calls::Dominant => single(&DOMINANT, cell),
            Calls::CoDominant => single(&CO_DOMINANT, cell),
            Calls::Ssr | Calls::Vcf { .. } => Err(BadCall::Wrong),
        }
    }

    /// The code of a missing call.
    pub(crate) fn missing(self) -> u8 {
        match self.calls {
            Calls::Dominant | Calls::CoDominant => 3,
            _ => NN,
        }
    }

    /// Whether calls tell if their two alleles differ.
    pub(crate) fn tells_heterozygosity(self) -> bool {
        !matches!(self.calls, Calls::Dominant | Calls::Ssr)
    }

    /// Whether a code stands for two different alleles, neither missing.
    pub(crate) fn is_heterozygous(self, code: u8) -> bool {
        match self.calls {
            Calls::Dominant | Calls::Ssr => false,
            Calls::CoDominant => code == 1,
            _ if code >= LONG[0] => code == LONG[1],
            _ => code >> 3 != code & 7 && code >> 3 != N && code & 7 != N,
        }
    }

    /// How many bytes a call has when it is kept to be turned.
    pub(crate) fn width(self) -> usize {
        if self.calls == Calls::Ssr { SSR_BYTES } else { 1 }
    }

    /// What a code is counted under in the report.
    pub(crate) fn name(self, code: u8) -> Option<&'static str> {
        let text: &[u8] = match self.calls {
            Calls::Ssr => return None,
            Calls::Dominant | Calls::CoDominant => SCORES.get(usize::from(code)..=code.into())?,
            Calls::Vcf { .. } if code >= LONG[0] => b"longer",
            _ => &PAIRS[usize::from(code) % CODES],
        };
        std::str::from_utf8(text).ok()
    }

    /// Appends kept calls with tabs between them and a line end behind.
    pub(crate) fn write(self, kept: &[u8], out: &mut Vec<u8>) {
        match self.calls {
            Calls::Ssr => write_sizes(kept, out),
            Calls::Dominant | Calls::CoDominant => {
                let start = out.len();
                out.resize(start + 2 * kept.len(), b'\t');
                for (text, code) in out[start..].chunks_exact_mut(2).zip(kept) {
                    text[0] = SCORES[usize::from(code & 3)];
                }
            }
            _ => {
                let start = out.len();
                out.resize(start + 3 * kept.len(), b'\t');
                for (text, code) in out[start..].chunks_exact_mut(3).zip(kept) {
                    let pair = PAIRS[usize::from(*code) % CODES];
                    text[0] = pair[0];
                    text[1] = pair[1];
                }
            }
        }
        match (self.calls, out.last_mut()) {
            (Calls::Vcf { .. }, _) | (_, None) => out.push(b'\n'),
            (_, Some(last)) if !kept.is_empty() => *last = b'\n',
            _ => out.push(b'\n'),
        }
    }
}

/// Nothing but calls of two letters, the usual case: no branch per cell.
fn two_letters(row: &[u8], delimiter: u8, codes: &mut Vec<u8>) -> bool {
    if row.len() % 3 != 2 {
        return false;
    }
    let cells = row.chunks_exact(3);
    let last = cells.remainder();
    let mut bad = 0;
    codes.extend(cells.map(|cell| {
        let code = LENIENT_FIRST[usize::from(cell[0])] | LENIENT[usize::from(cell[1])];
        bad |= (code & BAD) | (cell[2] ^ delimiter);
        code
    }));
    let code = LENIENT_FIRST[usize::from(last[0])] | LENIENT[usize::from(last[1])];
    codes.push(code);
    bad | (code & BAD) == 0
}

/// Nothing but calls of one character.
fn one_letter(table: &[u8; 256], row: &[u8], delimiter: u8, codes: &mut Vec<u8>) -> bool {
    if row.len() % 2 != 1 {
        return false;
    }
    let cells = row.chunks_exact(2);
    let last = cells.remainder();
    let mut bad = 0;
    codes.extend(cells.map(|cell| {
        let code = table[usize::from(cell[0])];
        bad |= (code & BAD) | (cell[1] ^ delimiter);
        code
    }));
    let code = table[usize::from(last[0])];
    codes.push(code);
    bad | (code & BAD) == 0
}

fn two_letter_cell(cell: &[u8]) -> Result<u8, BadCall> {
    let unquoted = unquote(cell);
    let cell = unquoted.as_deref().unwrap_or(cell);
    if cell.is_empty() || MISSING_WORDS.contains(&cell) {
        return Ok(NN);
    }
    match ends(&LENIENT, cell) {
        BAD => Err(BadCall::Tolerated),
        code => Ok(code),
    }
}

fn iupac_cell(cell: &[u8]) -> Result<u8, BadCall> {
    let code = match cell {
        [] => BAD,
        [one] => IUPAC_CODES[usize::from(*one)],
        _ => ends(&STRICT, cell),
    };
    if code == BAD { Err(BadCall::Wrong) } else { Ok(code) }
}

fn single(table: &[u8; 256], cell: &[u8]) -> Result<u8, BadCall> {
    match cell {
        [one] if table[usize::from(*one)] != BAD => Ok(table[usize::from(*one)]),
        _ => Err(BadCall::Wrong),
    }
}

/// The code of the first and the last letter, whatever stands between them.
fn ends(table: &[u8; 256], cell: &[u8]) -> u8 {
    let [first, last] = [cell[0], cell[cell.len() - 1]].map(|byte| table[usize::from(byte)]);
    if (first | last) & BAD != 0 { BAD } else { first << 3 | last }
}

/// The text of a cell in double quotes.
fn unquote(cell: &[u8]) -> Option<Vec<u8>> {
    let inner = cell.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let text = String::from_utf8_lossy(inner).replace("\"\"", "\"");
    Some(text.into_bytes())
}

/// The most bytes an allele size may have.
pub(crate) const SSR_BYTES: usize = 8;

/// Whether a cell is an allele size: N, or digits with at most one `/` between them.
pub(super) fn is_size(cell: &[u8]) -> bool {
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let mut parts = cell.splitn(2, |byte| *byte == b'/');
    cell == b"N" || (cell.len() <= SSR_BYTES && parts.all(digits))
}

/// Whether an allele size means a missing call.
pub(super) fn is_missing_size(cell: &[u8]) -> bool {
    cell == b"N" || cell.iter().all(|byte| matches!(byte, b'0' | b'/'))
}

/// Allele sizes are kept in eight bytes, what is left of them zero.
fn write_sizes(kept: &[u8], out: &mut Vec<u8>) {
    for cell in kept.chunks_exact(SSR_BYTES) {
        let end = cell.iter().position(|byte| *byte == 0).unwrap_or(SSR_BYTES);
        out.extend_from_slice(&cell[..end]);
        out.push(b'\t');
    }
}

/// How often each call was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallCounts {
    pub(crate) codes: [u64; CODES],
    /// Missing calls by the row's cells.
    pub(crate) missing: Vec<u32>,
    /// Missing calls by rows.
    pub(crate) rows: Vec<u32>,
}

impl Default for CallCounts {
    fn default() -> Self {
        Self::new(0)
    }
}

impl CallCounts {
    pub(super) fn new(width: usize) -> Self {
        Self { codes: [0; CODES], missing: vec![0; width], rows: Vec::new() }
    }

    /// Counts a row of codes.
    pub(super) fn row(&mut self, codes: &[u8], missing: u8) {
        let mut in_row = 0;
        for (count, code) in self.missing.iter_mut().zip(codes) {
            let one = u32::from(*code == missing);
            *count += one;
            in_row += one;
        }
        self.rows.push(in_row);
        // Four tables, so that equal neighbours do not wait for each other.
        let mut counts = [[0u32; CODES]; 4];
        let fours = codes.chunks_exact(4);
        for code in fours.remainder() {
            counts[0][usize::from(*code) % CODES] += 1;
        }
        for four in fours {
            for (count, code) in counts.iter_mut().zip(four) {
                count[usize::from(*code) % CODES] += 1;
            }
        }
        for (code, count) in self.codes.iter_mut().enumerate() {
            *count += counts.iter().map(|table| u64::from(table[code])).sum::<u64>();
        }
    }

    /// Adds another part's counts.
    pub(crate) fn add(&mut self, other: &Self) {
        self.codes.iter_mut().zip(other.codes).for_each(|(sum, count)| *sum += count);
        self.missing.resize(self.missing.len().max(other.missing.len()), 0);
        self.missing.iter_mut().zip(&other.missing).for_each(|(sum, count)| *sum += count);
        self.rows.extend_from_slice(&other.rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(calls: Calls, row: &str) -> (String, usize) {
        let codec = Codec { calls };
        let (mut codes, mut bad, mut text) = (Vec::new(), 0, Vec::new());
        codec.read(row.as_bytes(), b'\t', &mut codes, |_, _, _| bad += 1);
        codec.write(&codes, &mut text);
        (String::from_utf8(text).unwrap(), bad)
    }

    #[test]
    fn two_letter_calls_keep_their_ends() {
        let row = "A/T\tAT\tA\tAxxT\t00\t-\tA0\tNTC\t\tNA\t?C\t\"A/G\"";
        let expected = "AT\tAT\tAA\tAT\tNN\t--\tAN\tNN\tNN\tNA\tNC\tAG\n";
        assert_eq!(read(Calls::TwoLetters, row), (expected.to_owned(), 0));
        assert_eq!(read(Calls::TwoLetters, "AT\tat\tXX"), ("AT\tNN\tNN\n".to_owned(), 2));
        assert_eq!(read(Calls::TwoLetters, "AT\t0?\t?A"), ("AT\tNN\tNA\n".to_owned(), 0));
    }

    #[test]
    fn iupac_letters_become_pairs() {
        let row = "A\tT\tG\tC\tN\tW\tR\tM\tK\tY\tS\t+\t-\t.\t0\tB\tk\ty\ts";
        let pairs = "AA\tTT\tGG\tCC\tNN\tAT\tAG\tAC\tTG\tTC\tGC\t++\t--\t--\t+-\tNN\tTG\tTC\tGC\n";
        assert_eq!(read(Calls::Iupac, row), (pairs.to_owned(), 0));
        assert_eq!(read(Calls::Iupac, "+/-\tA/G\tNA"), ("+-\tAG\tNA\n".to_owned(), 0));
        assert_eq!(read(Calls::Iupac, "a/g\t\tX\tUncallable").1, 4);
    }

    #[test]
    fn scores_pass_as_they_are() {
        assert_eq!(read(Calls::Dominant, "0\t1\tN"), ("0\t1\tN\n".to_owned(), 0));
        assert_eq!(read(Calls::Dominant, "2\t1").1, 1);
        assert_eq!(read(Calls::CoDominant, "0\t2\tN"), ("0\t2\tN\n".to_owned(), 0));
        assert_eq!(read(Calls::CoDominant, "3\t").1, 2);
    }

    #[test]
    fn an_allele_size_has_digits_and_at_most_one_slash() {
        for good in ["N", "01230125", "159/161", "0"] {
            assert!(is_size(good.as_bytes()), "{good}");
        }
        for bad in ["", "/", "1/", "1/2/3", "123456789", "12a", "NN"] {
            assert!(!is_size(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn counts_are_by_call_by_cell_and_by_row() {
        let codec = Codec { calls: Calls::TwoLetters };
        let mut counts = CallCounts::new(5);
        let mut codes = Vec::new();
        for row in ["AA\tAT\tNN\tAT\tAA", "NN\tAT\tNN\tAA\tAA"] {
            codec.read(row.as_bytes(), b'\t', &mut codes, |_, _, _| ());
            counts.row(&codes, codec.missing());
        }
        assert_eq!(counts.missing, [1, 0, 2, 0, 0]);
        assert_eq!(counts.rows, [1, 2]);
        assert_eq!((counts.codes[0], counts.codes[3], counts.codes[36]), (4, 3, 3));
        assert!(codec.is_heterozygous(3));
        assert!(!codec.is_heterozygous(36));
    }
}
