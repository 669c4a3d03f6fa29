//! Lines end in LF, CR LF or a lone CR; the last one may lack its end.

use std::ops::Range;

/// Where the lines of a text of whole lines are over, found once for everybody.
#[derive(Debug, Default)]
pub(super) struct LineEnds {
    /// Behind each line's end.
    ends: Vec<usize>,
}

impl LineEnds {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut ends = Vec::new();
        for at in memchr::memchr2_iter(b'\n', b'\r', text) {
            // Of CR LF only the LF counts.
            if text[at] == b'\n' || text.get(at + 1) != Some(&b'\n') {
                ends.push(at + 1);
            }
        }
        if ends.last().copied().unwrap_or_default() < text.len() {
            ends.push(text.len());
        }
        Self { ends }
    }

    /// How many lines there are.
    pub(super) fn count(&self) -> u64 {
        self.ends.len() as u64
    }

    /// Forgets all lines but so many. Answers where the last one is over.
    pub(super) fn keep(&mut self, lines: usize) -> usize {
        self.ends.truncate(lines);
        self.ends.last().copied().unwrap_or_default()
    }

    /// The lines of that text, without their ends.
    pub(super) fn lines<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let line = &text[start..*end];
            start = *end;
            bare(line)
        })
    }

    /// Where one of the lines begins in that text, and its end is over.
    pub(super) fn line(&self, line: usize) -> Range<usize> {
        let start = line.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[line]
    }
}

/// A line without its end.
pub(super) fn bare(line: &[u8]) -> &[u8] {
    match line {
        [line @ .., b'\r', b'\n'] | [line @ .., b'\n' | b'\r'] => line,
        _ => line,
    }
}

/// Where the last line end in a part of a file is over. A CR at the very end may be half of one.
pub(super) fn last_end(part: &[u8]) -> Option<usize> {
    let without_last = part.strip_suffix(b"\r").unwrap_or(part);
    memchr::memrchr2(b'\n', b'\r', without_last).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<&str> {
        let ends = LineEnds::of(text.as_bytes());
        let lines: Vec<_> = (0..ends.ends.len())
            .map(|line| bare(&text.as_bytes()[ends.line(line)]))
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        assert!(ends.lines(text.as_bytes()).eq(lines.iter().map(|line| line.as_bytes())));
        lines
    }

    #[test]
    fn every_line_end_counts_once() {
        assert_eq!(lines("a\nb\r\nc\rd"), ["a", "b", "c", "d"]);
        assert_eq!(lines("a\n\n\r\r\n"), ["a", "", "", ""]);
        assert_eq!(lines("a\n\nb\n"), ["a", "", "b"]);
        assert_eq!(lines("\r\n"), [""]);
        assert_eq!(lines("a\r"), ["a"]);
        assert_eq!(lines(""), [""; 0]);
    }

    #[test]
    fn a_part_is_never_cut_between_cr_and_lf() {
        assert_eq!(last_end(b"a\r\nb\r"), Some(3));
        assert_eq!(last_end(b"a\r"), None);
        assert_eq!(last_end(b"a\rb"), Some(2));
        assert_eq!(last_end(b"a\nb\nc"), Some(4));
    }
}
