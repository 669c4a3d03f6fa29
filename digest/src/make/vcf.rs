//! VCF calls: numbers of alleles become letters.

use super::{
    letters::{LONG, STRICT},
    scan,
};

/// Marks an allele number that has no letter.
const BAD: u8 = 0x80;

/// The number of the letter N, a missing allele.
const N: u8 = 4;

/// The alleles of one row.
#[derive(Debug)]
pub(super) struct Alleles {
    /// Reference and alternates; none where an alternate is not a text.
    texts: Vec<Option<Vec<u8>>>,
    /// The letters' numbers by the bytes of a call, if every allele is a letter.
    letters: Option<[u8; 256]>,
}

impl Alleles {
    /// Reads the reference and the alternates, as the marker table has them.
    pub(super) fn new(reference: &[u8], alternates: &[u8]) -> Result<Self, &'static str> {
        let reference = reference.trim_ascii().to_ascii_uppercase();
        if reference.is_empty() || reference.iter().any(u8::is_ascii_whitespace) {
            return Err("the row has no reference allele");
        }
        let mut texts = vec![Some(reference)];
        texts.extend(split(&alternates.to_ascii_uppercase()));
        let letters = letters(&texts);
        Ok(Self { texts, letters })
    }

    /// Reads a row into codes, if every allele is a letter; `bad` hears of what is no call.
    pub(super) fn codes(
        &self,
        row: &[u8],
        delimiter: u8,
        codes: &mut Vec<u8>,
        mut bad: impl FnMut(usize, &[u8], &'static str),
    ) -> bool {
        let Some(letters) = &self.letters else { return false };
        codes.clear();
        for (i, cell) in scan::cells(row, delimiter).enumerate() {
            let code = match cell {
                [a, b'/', b] | [a, b'/', b, b':', ..] => {
                    let [a, b] = [a, b].map(|byte| letters[usize::from(*byte)]);
                    if (a | b) & BAD == 0 { a << 3 | b } else { BAD }
                }
                _ => BAD,
            };
            codes.push(if code == BAD { self.slow(i, cell, &mut bad) } else { code });
        }
        true
    }

    /// What the quick way cannot read.
    fn slow(&self, at: usize, cell: &[u8], bad: &mut impl FnMut(usize, &[u8], &'static str)) -> u8 {
        let mut text = Vec::new();
        match self.push(cell, &mut text) {
            Ok(_) if text.len() == 2 => {
                STRICT[usize::from(text[0])] << 3 | STRICT[usize::from(text[1])]
            }
            Ok(code) => code,
            Err(why) => {
                bad(at, cell, why);
                N << 3 | N
            }
        }
    }

    /// Appends the text of a call, and answers a code to count it under.
    pub(super) fn push(&self, cell: &[u8], out: &mut Vec<u8>) -> Result<u8, &'static str> {
        let call = cell.split(|byte| *byte == b':').next().unwrap_or(cell).trim_ascii();
        let mut parts = call.split(|byte| *byte == b'/');
        let (Some(a), Some(b), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(match call.contains(&b'|') {
                true => "a phased call; replace “|” by “/” with findText \\| and replaceText /",
                false => "a VCF call has two alleles with a “/” between them",
            });
        };
        let (first, second) = (self.allele(a)?, self.allele(b)?);
        out.extend_from_slice(first);
        out.extend_from_slice(second);
        Ok(match (first, second) {
            (b"N", b"N") => N << 3 | N,
            ([a], [b]) if (STRICT[usize::from(*a)] | STRICT[usize::from(*b)]) & BAD == 0 => {
                STRICT[usize::from(*a)] << 3 | STRICT[usize::from(*b)]
            }
            _ => LONG[usize::from(first != second)],
        })
    }

    fn allele(&self, number: &[u8]) -> Result<&[u8], &'static str> {
        match number {
            b"." => Ok(b"N"),
            [digit] if digit.is_ascii_digit() => {
                let text = self.texts.get(usize::from(digit - b'0'));
                let text = text.ok_or("the row has no allele of that number")?;
                text.as_deref().ok_or("the allele of that number is no text of letters")
            }
            _ => Err("an allele is “.” or one digit"),
        }
    }
}

/// Alternates are runs of letters. Where commas separate them, each must be one run, or its number
/// would stand for another one.
fn split(alternates: &[u8]) -> Vec<Option<Vec<u8>>> {
    let is_text = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'-';
    let runs = |part: &[u8]| -> Vec<Option<Vec<u8>>> {
        let runs = part.split(|byte| !is_text(byte)).filter(|run| !run.is_empty());
        runs.map(|run| Some(run.to_vec())).collect()
    };
    if !alternates.contains(&b',') {
        return runs(alternates);
    }
    let one = |part: &[u8]| match &mut runs(part)[..] {
        [run] => run.take(),
        _ => None,
    };
    alternates.split(|byte| *byte == b',').map(one).collect()
}

fn letters(texts: &[Option<Vec<u8>>]) -> Option<[u8; 256]> {
    let mut table = [BAD; 256];
    table[usize::from(b'.')] = N;
    for (text, digit) in texts.iter().zip(b'0'..=b'9') {
        match text.as_deref() {
            Some([one]) if STRICT[usize::from(*one)] != BAD => {
                table[usize::from(digit)] = STRICT[usize::from(*one)];
            }
            Some(_) => return None,
            None => {}
        }
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(reference: &str, alternates: &str, cell: &str) -> Result<String, &'static str> {
        let alleles = Alleles::new(reference.as_bytes(), alternates.as_bytes())?;
        let mut text = Vec::new();
        alleles.push(cell.as_bytes(), &mut text)?;
        Ok(String::from_utf8(text).unwrap())
    }

    #[test]
    fn numbers_become_whole_alleles() {
        assert_eq!(call("a", "g,T", "0/1:12"), Ok("AG".to_owned()));
        assert_eq!(call("AT", "A", "0/1"), Ok("ATA".to_owned()));
        assert_eq!(call("A", "G", "./1"), Ok("NG".to_owned()));
        assert_eq!(call("A", "<DEL>", "1/1"), Ok("DELDEL".to_owned()));
    }

    #[test]
    fn a_call_that_cannot_be_meant_is_refused() {
        for cell in ["0|1", "0", "0/1/1", "0/", "12/1", "a/0", "0/3", ""] {
            assert!(call("A", "G,T", cell).is_err(), "{cell}");
        }
        assert!(call("A", ".", "0/1").is_err());
        assert!(call("A", "G,*,T", "0/2").is_err());
        assert_eq!(call("A", "G,*,T", "0/3"), Ok("AT".to_owned()));
        assert!(call("", "G", "0/0").is_err());
    }
}
