//! Texts that a person edits, and what is wrong with them.

use maud::{Markup, html};

use super::error::sentence;

/// How much of a wrong line is shown.
const EXCERPT_LETTERS: usize = 160;

/// What is wrong with a text, and where as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    /// From 1.
    pub(super) line: Option<usize>,
    /// From 1, in letters.
    pub(super) column: Option<usize>,
}

impl Wrong {
    /// Says it, with the line that it is about.
    pub(super) fn alert(&self, text: &str) -> Markup {
        let number = self.line.unwrap_or_default();
        html! {
            div.wrong #wrong role="alert" {
                p { b { (sentence(&self.message)) } }
                @if let Some(line) = self.line.and_then(|line| text.lines().nth(line.checked_sub(1)?)) {
                    div.source { span.line { (number) } code { (self.marked(line)) } }
                }
            }
        }
    }

    /// The line, with what follows the place marked.
    fn marked(&self, line: &str) -> Markup {
        let begin = self.column.map_or(0, |column| column.saturating_sub(1));
        let skipped = begin.saturating_sub(EXCERPT_LETTERS / 2);
        let before: String = line.chars().skip(skipped).take(begin - skipped).collect();
        let after: String = line.chars().skip(begin).take(EXCERPT_LETTERS).collect();
        html! { @if skipped > 0 { "…" } (before) mark { (after) } }
    }
}

/// The text with the line ends that it had before a browser sent it.
pub(super) fn own_line_ends(text: &str) -> String {
    text.replace("\r\n", "\n")
}
