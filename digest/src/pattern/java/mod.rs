//! Java's regular expressions in the words of the `regex` crate.
//!
//! What cannot be honoured (look-around, back-references, possessive quantifiers, …) is refused
//! here, when the instruction is checked, and never in the middle of a file.

mod escape;
mod translation;

use regex::bytes::{Regex, RegexBuilder};

use translation::Translation;

/// How large a compiled expression may be; beyond it the pattern is refused.
const COMPILED_BYTES: usize = 1 << 20;

/// A pattern: plain text where it is that, which is much faster to find.
#[derive(Clone, Debug)]
pub(super) enum Java {
    /// No operator in it.
    Plain(Vec<u8>),
    /// Everything else.
    Regex(Regex),
}

impl Java {
    /// Compiles Java's pattern, or says what in it cannot be honoured.
    pub(super) fn compile(pattern: &str) -> Result<Self, String> {
        let Translation { plain, out, .. } = Translation::of(pattern)?;
        match plain {
            Some(text) if !text.is_empty() => Ok(Self::Plain(text.into_bytes())),
            _ => RegexBuilder::new(&out)
                .size_limit(COMPILED_BYTES)
                .build()
                .map(Self::Regex)
                .map_err(|error| format!("“{pattern}” is no regular expression: {error}")),
        }
    }

    /// How many groups it has.
    pub(super) fn groups(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Regex(regex) => regex.captures_len() - 1,
        }
    }

    /// The number of a named group.
    pub(super) fn group(&self, name: &str) -> Option<usize> {
        match self {
            Self::Plain(_) => None,
            Self::Regex(regex) => regex.capture_names().position(|known| known == Some(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        match Java::compile(pattern).unwrap() {
            Java::Plain(needle) => text.contains(std::str::from_utf8(&needle).unwrap()),
            Java::Regex(regex) => regex.is_match(text.as_bytes()),
        }
    }

    #[test]
    fn text_without_operators_is_plain() {
        for (pattern, text) in
            [("\\t", "\t"), (",", ","), ("\\|", "|"), ("\\Qa.b\\E", "a.b"), ("\\x41", "A")]
        {
            let Java::Plain(plain) = Java::compile(pattern).unwrap() else { panic!("{pattern}") };
            assert_eq!(plain, text.as_bytes());
        }
    }

    #[test]
    fn classes_mean_ascii() {
        assert!(matches("\\d", "7") && !matches("\\d", "\u{0667}"));
        assert!(matches("\\w", "_") && !matches("\\w", "\u{e9}"));
        assert!(matches("^\\W$", "\u{e9}"));
        assert!(matches("^[\\d-]$", "-") && matches("^[a--]$", "-"));
        assert!(matches("^\\p{Alpha}$", "b") && !matches("^\\p{Alpha}$", "\u{e9}"));
        assert!(matches("^[a-z&&[^b]]$", "c") && !matches("^[a-z&&[^b]]$", "b"));
    }

    #[test]
    fn a_dot_stops_at_every_line_end_unless_it_is_told_not_to() {
        for end in ["\u{85}", "\u{2028}", "\u{2029}"] {
            assert!(
                !matches("a.b", &format!("a{end}b")) && matches("(?s)a.b", &format!("a{end}b"))
            );
        }
        assert!(matches("a.b", "a\u{e9}b") && matches("(?is)A.b", "a\u{2028}B"));
    }

    #[test]
    fn only_the_case_of_ascii_is_folded() {
        assert!(matches("(?i)na", "NA") && matches("a(?i)n", "aN") && !matches("a(?i)n", "An"));
        assert!(!matches("(?i)\u{e9}", "\u{c9}") && matches("(?i)\u{e9}", "\u{e9}"));
        assert!(!matches("(?i)k", "\u{212a}") && !matches("(?i)s", "\u{17f}"));
        assert!(matches("(?i:k)s", "Ks") && matches("(?i)[kn]", "N"));
    }

    #[test]
    fn what_only_java_can_do_is_refused() {
        for pattern in [
            "a(?=b)",
            "a(?!b)",
            "(?<=a)b",
            "(?<!a)b",
            "(?>a)",
            "a*+",
            "a{2}+",
            "(a)\\1",
            "\\G",
            "a\\",
            "(?x)a",
            "[",
            "(",
            "a{,3}",
            "\\p{IsGreek}",
            "\\R",
            "a**",
            "a(?s).",
            "(?s:.)",
            "(?i)[\u{e9}]",
        ] {
            assert!(Java::compile(pattern).is_err(), "{pattern}");
        }
    }
}
