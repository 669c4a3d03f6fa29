//! How a line is cut into cells.

use regex::bytes::Regex;

use super::java::Java;

/// What separates cells, with the fast way for one byte.
#[derive(Clone, Debug)]
pub(crate) enum Delimiter {
    /// One byte, as nearly always.
    Byte(u8),
    /// Anything else.
    Regex(Regex),
}

impl Delimiter {
    /// Compiles Java's pattern, or says why it cannot be honoured.
    pub(crate) fn compile(pattern: &str) -> Result<Self, String> {
        match Java::compile(pattern)? {
            Java::Plain(text) if text.len() == 1 => Ok(Self::Byte(text[0])),
            Java::Plain(text) => {
                let text = String::from_utf8_lossy(&text);
                let regex = Regex::new(&regex::escape(&text)).map_err(|e| e.to_string())?;
                Ok(Self::Regex(regex))
            }
            Java::Regex(regex) => Ok(Self::Regex(regex)),
        }
    }

    /// The byte, if it is one.
    pub(crate) fn byte(&self) -> Option<u8> {
        match self {
            Self::Byte(byte) => Some(*byte),
            Self::Regex(_) => None,
        }
    }

    /// Where the cells of a line are; empty ones at its end are kept.
    pub(crate) fn cut(&self, line: &[u8], cells: &mut Vec<(usize, usize)>) {
        cells.clear();
        let mut start = 0;
        match self {
            Self::Byte(byte) => {
                for at in memchr::memchr_iter(*byte, line) {
                    cells.push((start, at));
                    start = at + 1;
                }
            }
            Self::Regex(regex) => start = cut_by_regex(regex, line, cells),
        }
        cells.push((start, line.len()));
    }
}

/// Java drops an empty cell in front of an empty match, and takes an empty match right behind
/// another one. Answers where the last cell begins.
fn cut_by_regex(regex: &Regex, line: &[u8], cells: &mut Vec<(usize, usize)>) -> usize {
    let (mut start, mut from) = (0, 0);
    while let Some(found) = regex.find_at(line, from) {
        if found.end() > 0 {
            cells.push((start, found.start()));
            start = found.end();
        }
        let step = super::filter::char_len(&line[found.end()..]);
        from = if found.is_empty() { found.end() + step } else { found.end() };
        if from > line.len() {
            break;
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(pattern: &str, line: &str) -> Vec<String> {
        let mut cells = Vec::new();
        Delimiter::compile(pattern).unwrap().cut(line.as_bytes(), &mut cells);
        cells.iter().map(|&(start, end)| line[start..end].to_owned()).collect()
    }

    #[test]
    fn lines_are_cut_as_java_does() {
        assert_eq!(cells("\\t", "a\tb\t\t"), ["a", "b", "", ""]);
        assert_eq!(cells("\\t", ""), [""]);
        assert_eq!(cells("|", "abc"), ["a", "b", "c", ""]);
        assert_eq!(cells(".", "abc"), ["", "", "", ""]);
        assert_eq!(cells(" +", "a  b c"), ["a", "b", "c"]);
        assert_eq!(cells(", ", "a, b,c"), ["a", "b,c"]);
    }
}
