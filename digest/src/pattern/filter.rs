//! What is done to a cell before it is written.

use memchr::memmem;
use regex::bytes::Regex;
use schema::gobii::Column;

use super::{
    java::Java,
    replacement::{self, Part},
};

/// Cuts a cell at two texts, then replaces matches in what is left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    from: Vec<u8>,
    to: Vec<u8>,
    replace: Option<Replace>,
}

#[derive(Clone, Debug)]
enum Replace {
    Plain { find: Vec<u8>, by: Vec<u8> },
    Regex { find: Regex, by: Vec<Part> },
}

impl Filter {
    /// Compiles a column's filters, or says which pattern cannot be honoured.
    pub(crate) fn of(column: &Column) -> Result<Self, String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default().into_bytes();
        let replace = match (&column.find_text, &column.replace_text) {
            (Some(find), Some(by)) => Some(Replace::new(find, by)?),
            _ => None,
        };
        Ok(Self { from: text(&column.filter_from), to: text(&column.filter_to), replace })
    }

    /// Whether cells pass as they are.
    pub(crate) fn is_none(&self) -> bool {
        self.from.is_empty() && self.to.is_empty() && self.replace.is_none()
    }

    /// Appends the filtered cell.
    pub(crate) fn push(&self, cell: &[u8], out: &mut Vec<u8>) {
        let find = |text: &[u8], cell| {
            if text.is_empty() { None } else { memmem::find(cell, text) }
        };
        let cell = find(&self.from, cell).map_or(cell, |at| &cell[at + self.from.len()..]);
        let cell = find(&self.to, cell).map_or(cell, |at| &cell[..at]);
        match &self.replace {
            None => out.extend_from_slice(cell),
            Some(replace) => replace.push(cell, out),
        }
    }
}

impl Replace {
    fn new(find: &str, by: &str) -> Result<Self, String> {
        let java = Java::compile(find)?;
        let by = replacement::parse(by, &java).map_err(|error| format!("“{by}”: {error}"))?;
        Ok(match java {
            Java::Plain(find) => Self::Plain { by: text_of(by, &find), find },
            Java::Regex(find) => Self::Regex { find, by },
        })
    }

    fn push(&self, cell: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Plain { find, by } => replace_plain(cell, find, by, out),
            Self::Regex { find, by } => replace_regex(cell, find, by, out),
        }
    }
}

/// The only group of a plain pattern is `$0`, its own text.
fn text_of(parts: Vec<Part>, find: &[u8]) -> Vec<u8> {
    let text = |part| match part {
        Part::Text(text) => text,
        Part::Group(_) => find.to_vec(),
    };
    parts.into_iter().flat_map(text).collect()
}

fn replace_plain(cell: &[u8], find: &[u8], by: &[u8], out: &mut Vec<u8>) {
    let mut rest = 0;
    for at in memmem::find_iter(cell, find) {
        out.extend_from_slice(&cell[rest..at]);
        out.extend_from_slice(by);
        rest = at + find.len();
    }
    out.extend_from_slice(&cell[rest..]);
}

/// Java looks for the next match right where the last one ended, and takes an empty one there.
fn replace_regex(cell: &[u8], find: &Regex, by: &[Part], out: &mut Vec<u8>) {
    let (mut copied, mut from) = (0, 0);
    while let Some(groups) = find.captures_at(cell, from) {
        let Some(whole) = groups.get(0) else { break };
        out.extend_from_slice(&cell[copied..whole.start()]);
        for part in by {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Group(group) => {
                    out.extend_from_slice(groups.get(*group).map_or(b"", |group| group.as_bytes()));
                }
            }
        }
        copied = whole.end();
        from = if whole.is_empty() { copied + char_len(&cell[copied..]) } else { copied };
        if from > cell.len() {
            break;
        }
    }
    out.extend_from_slice(&cell[copied..]);
}

/// How long the first character is, one byte at least.
pub(super) fn char_len(text: &[u8]) -> usize {
    1 + text.iter().skip(1).take_while(|byte| (**byte & 0xc0) == 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(find: &str, by: &str, cell: &str) -> String {
        let replace = Replace::new(find, by).unwrap();
        let mut out = Vec::new();
        replace.push(cell.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn matches_are_replaced_as_java_does() {
        for (find, by, cell, expected) in [
            ("[/|]", "", "A/T|G", "ATG"),
            ("\\|", "/", "0|1", "0/1"),
            ("x*", "-", "baxc", "-b-a--c-"),
            ("", "-", "a\u{e9}", "-a-\u{e9}-"),
            ("(\\w+) +(\\w+)", "$2 $1", "ab cd", "cd ab"),
            ("(a)", "$11", "a", "a1"),
            ("(?<x>a)", "<${x}>", "a", "<a>"),
            ("a", "\\$", "a", "$"),
            ("a", "[$0]", "bab", "b[a]b"),
            ("^(n\\.a\\.|--)$", "NN", "n.a.", "NN"),
        ] {
            assert_eq!(replaced(find, by, cell), expected, "{find} {by} {cell}");
        }
    }

    #[test]
    fn a_replacement_of_groups_that_are_not_there_is_refused() {
        for (find, by) in [("a", "$1"), ("a", "$x"), ("a", "\\"), ("(a)", "${b}"), ("a", "$")] {
            assert!(Replace::new(find, by).is_err(), "{find} {by}");
        }
    }
}
