//! Calls: a row's cells become codes of one byte, and codes become text.

use super::{
    letters::{
        BAD, CO_DOMINANT, CODES, DOMINANT, IUPAC_CODES, LENIENT, LONG, N, NN, PAIRS, SCORES, STRICT,
    },
    plain::{lenient_letters, one_letter, two_letters, write_pairs},
    scan,
    sizes::{self, SSR_BYTES},
    twos::{TWO_CO_DOMINANT, TWO_DOMINANT, TWO_IUPAC, TwoCodes},
};
use crate::plan::Calls;

/// Words that mean a missing call.
const MISSING_WORDS: [&[u8]; 4] = [b"NTC", b"Uncallable", b"Unknown", b"Unreadable"];

/// Why a cell is no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadCall {
    /// It was counted as missing; a few of them are tolerated.
    Tolerated,
    /// It cannot stand in the digest.
    Wrong,
}

/// What is known of a row that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Its cells already are as they are written.
    Written,
    /// Only its codes tell how it is written.
    Codes,
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
    ) -> Form {
        if let Some(form) = self.read_plain(row, delimiter, codes) {
            return form;
        }
        codes.clear();
        for (i, cell) in scan::cells(row, delimiter).enumerate() {
            codes.push(self.cell(cell).unwrap_or_else(|why| {
                bad(i, cell, why);
                self.missing()
            }));
        }
        Form::Codes
    }

    /// Reads a row of nothing but plain calls, as most are.
    fn read_plain(self, row: &[u8], delimiter: u8, codes: &mut Vec<u8>) -> Option<Form> {
        if self.calls == Calls::TwoLetters && two_letters(row, delimiter, codes) {
            return Some(Form::Written);
        }
        let mut one = |table: &TwoCodes| one_letter(table, row, delimiter, codes);
        match self.calls {
            Calls::Iupac => one(&TWO_IUPAC).then_some(Form::Codes),
            Calls::Dominant => one(&TWO_DOMINANT).then_some(Form::Written),
            Calls::CoDominant => one(&TWO_CO_DOMINANT).then_some(Form::Written),
            Calls::TwoLetters => lenient_letters(row, delimiter, codes).then_some(Form::Codes),
            Calls::Ssr | Calls::Vcf { .. } => None,
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

    /// How many bytes a call takes when it is written, a tab behind it: at most, as far as that
    /// can be told.
    pub(crate) fn text_width(self) -> usize {
        match self.calls {
            Calls::Ssr => SSR_BYTES + 1,
            Calls::Dominant | Calls::CoDominant => 2,
            _ => 3,
        }
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
            Calls::Ssr => sizes::write(kept, out),
            Calls::Dominant | Calls::CoDominant => {
                out.reserve(2 * kept.len() + 1);
                for code in kept {
                    out.extend_from_slice(&[SCORES[usize::from(code & 3)], b'\t']);
                }
            }
            _ => write_pairs(kept, out),
        }
        match (self.calls, out.last_mut()) {
            (Calls::Vcf { .. }, _) | (_, None) => out.push(b'\n'),
            (_, Some(last)) if !kept.is_empty() => *last = b'\n',
            _ => out.push(b'\n'),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(calls: Calls, row: &str) -> (String, usize) {
        let codec = Codec { calls };
        let (mut codes, mut bad, mut text) = (Vec::new(), 0, Vec::new());
        let form = codec.read(row.as_bytes(), b'\t', &mut codes, |_, _, _| bad += 1);
        codec.write(&codes, &mut text);
        if form == Form::Written {
            assert_eq!(text, [row.as_bytes(), b"\n"].concat(), "it says that it is written so");
        }
        (String::from_utf8(text).unwrap(), bad)
    }

    #[test]
    fn two_letter_calls_keep_their_ends() {
        let row = "A/T\tAT\tA\tAxxT\t00\t-\tA0\tNTC\t\tNA\t?C\t\"A/G\"";
        let expected = "AT\tAT\tAA\tAT\tNN\t--\tAN\tNN\tNN\tNA\tNC\tAG\n";
        assert_eq!(read(Calls::TwoLetters, row), (expected.to_owned(), 0));
        assert_eq!(read(Calls::TwoLetters, "AT\tat\tXX"), ("AT\tNN\tNN\n".to_owned(), 2));
        assert_eq!(read(Calls::TwoLetters, "AT\t0?\t?A"), ("AT\tNN\tNA\n".to_owned(), 0));
        assert_eq!(read(Calls::TwoLetters, "AT\tNN\t+-\tTC"), ("AT\tNN\t+-\tTC\n".to_owned(), 0));
    }

    #[test]
    fn a_call_or_a_delimiter_that_is_wrong_is_seen_wherever_it_stands() {
        for calls in 1..40 {
            let row = vec!["AC"; calls].join("\t");
            assert_eq!(read(Calls::TwoLetters, &row), (format!("{row}\n"), 0));
            assert_eq!(read(Calls::Iupac, &row.replace("AC", "M")), (format!("{row}\n"), 0));
            for call in 0..calls {
                let with = |at: usize, byte| {
                    let mut wrong = row.clone().into_bytes();
                    wrong[at] = byte;
                    String::from_utf8(wrong).unwrap()
                };
                let wrong = with(3 * call, b'!');
                assert_eq!(read(Calls::TwoLetters, &wrong).1, 1, "{wrong}");
                let wrong = wrong.replace("AC", "M").replace("!C", "!");
                assert_eq!(read(Calls::Iupac, &wrong).1, 1, "{wrong}");
                if call > 0 {
                    let glued = with(3 * call - 1, b'/');
                    let (text, _) = read(Calls::TwoLetters, &glued);
                    assert_eq!(text.split('\t').count(), calls - 1, "{glued}");
                }
            }
        }
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
    fn two_different_alleles_that_are_there_are_heterozygous() {
        let codec = Codec { calls: Calls::TwoLetters };
        assert!(codec.is_heterozygous(3));
        assert!(!codec.is_heterozygous(codec.missing()) && !codec.is_heterozygous(0));
    }
}
