//! Lines end in LF, CR LF or a lone CR; the last one may lack its end.

/// The lines of a text, without their ends.
#[derive(Clone, Debug)]
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
    /// Without any CR, one byte is looked for instead of two.
    with_cr: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self::with(text, memchr::memchr(b'\r', text).is_some())
    }

    /// The lines of a text of which it is known whether it has any CR.
    pub(crate) fn with(text: &'a [u8], with_cr: bool) -> Self {
        Self { rest: text, with_cr }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = match self.with_cr {
            true => memchr::memchr2(b'\n', b'\r', self.rest),
            false => memchr::memchr(b'\n', self.rest),
        };
        let Some(end) = end else { return Some(std::mem::take(&mut self.rest)) };
        let line = &self.rest[..end];
        let after = if self.rest[end..].starts_with(b"\r\n") { end + 2 } else { end + 1 };
        self.rest = &self.rest[after..];
        Some(line)
    }
}

/// How many lines a text of whole lines has, and whether it has any CR.
pub(crate) fn count(text: &[u8]) -> (u64, bool) {
    let lines = Lines::new(text);
    if lines.with_cr {
        return (lines.count() as u64, true);
    }
    let ends = memchr::memchr_iter(b'\n', text).count() as u64;
    let open = text.last().is_some_and(|last| *last != b'\n');
    (ends + u64::from(open), false)
}

/// Where the last line end in a part of a file is over. A CR at the very end may be half of one.
pub(crate) fn last_end(part: &[u8]) -> Option<usize> {
    let without_last = part.strip_suffix(b"\r").unwrap_or(part);
    memchr::memrchr2(b'\n', b'\r', without_last).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<&str> {
        Lines::new(text.as_bytes()).map(|line| std::str::from_utf8(line).unwrap()).collect()
    }

    #[test]
    fn every_line_end_counts_once() {
        assert_eq!(lines("a\nb\r\nc\rd"), ["a", "b", "c", "d"]);
        assert_eq!(lines("a\n\n\r\r\n"), ["a", "", "", ""]);
        assert_eq!(lines(""), [""; 0]);
        for text in ["a\nb\r\nc\rd", "a\n\nb", "a\n", "", "\r\n"] {
            let expected = (lines(text).len() as u64, text.contains('\r'));
            assert_eq!(count(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_part_is_never_cut_between_cr_and_lf() {
        assert_eq!(last_end(b"a\r\nb\r"), Some(3));
        assert_eq!(last_end(b"a\r"), None);
        assert_eq!(last_end(b"a\rb"), Some(2));
        assert_eq!(last_end(b"a\nb\nc"), Some(4));
    }
}
