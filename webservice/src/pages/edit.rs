//! Texts that a person edits, and what is wrong with them.

use maud::{Markup, html};

use crate::app::Refusal;

use super::error::sentence;

/// How much of a wrong line is shown.
const EXCERPT_LETTERS: usize = 160;

/// Where a text is edited, below what is wrong with it.
pub(super) fn area(name: &str, rows: u32, text: &str, wrong: Option<&Refusal>) -> Markup {
    html! {
        @if let Some(wrong) = wrong { (alert(wrong, text)) }
        textarea #(name) name=(name) rows=(rows) spellcheck="false" autocapitalize="off" required
            aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "wrong")]
            data-line=[wrong.and_then(|wrong| wrong.line)] { "\n" (text) }
    }
}

/// Says it, with the line that it is about.
fn alert(wrong: &Refusal, text: &str) -> Markup {
    let number = wrong.line.unwrap_or_default();
    let line = wrong.line.and_then(|line| text.lines().nth(line.checked_sub(1)?));
    html! {
        div.wrong #wrong role="alert" {
            p { b { (sentence(&wrong.message)) } }
            @if let Some(line) = line {
                div.source { span.line { (number) } code { (marked(line, wrong.column)) } }
            }
        }
    }
}

/// The line, with what follows the column marked.
fn marked(line: &str, column: Option<usize>) -> Markup {
    let begin = column.map_or(0, |column| column.saturating_sub(1));
    let skipped = begin.saturating_sub(EXCERPT_LETTERS / 2);
    let before: String = line.chars().skip(skipped).take(begin - skipped).collect();
    let after: String = line.chars().skip(begin).take(EXCERPT_LETTERS).collect();
    html! { @if skipped > 0 { "…" } (before) mark { (after) } }
}

/// The text with the line ends that it had before a browser sent it.
pub(super) fn own_line_ends(text: &str) -> String {
    text.replace("\r\n", "\n")
}
