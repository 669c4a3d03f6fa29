//! The JSON of an instruction, to be read and searched.

use maud::{Markup, html};
use schema::Instruction;

use crate::pages::words;

/// How much of a text a page shows: an instruction of thousands of columns has no place on it.
const SHOWN_BYTES: usize = 50_000;

pub(super) fn section(instruction: &Instruction, as_sent: bool) -> Markup {
    let sent = instruction.body.get();
    let text = if as_sent { sent.to_owned() } else { pretty(sent) };
    let shown = beginning(&text);
    let key = words::segment(instruction.key.as_str());
    html! {
        section #text {
            div.title {
                h2 { "The instruction" }
                nav.choice aria-label="How it is shown" {
                    (choice("Pretty", &format!("/instructions/{key}#text"), !as_sent))
                    (choice("As it was sent", &format!("/instructions/{key}?sent=true#text"), as_sent))
                }
            }
            p.find hidden {
                label for="find" { "Only lines with" }
                input #find type="search" data-filter="json" autocomplete="off" spellcheck="false";
                output for="find" {}
            }
            pre.text #json tabindex="0" role="region" aria-label="JSON" { (shown) }
            @if shown.len() < text.len() {
                p.hint {
                    "These are the first " (words::bytes(shown.len() as u64)) " of "
                    (words::bytes(text.len() as u64)) ". "
                    a href={ "/instruction/" (key) } { "All of it, for programs" }
                }
            }
        }
    }
}

fn choice(name: &str, address: &str, chosen: bool) -> Markup {
    html! { a href=(address) aria-current=[chosen.then_some("true")] { (name) } }
}

/// The whole lines that have room on a page; of a single line, its beginning.
fn beginning(text: &str) -> &str {
    if text.len() <= SHOWN_BYTES {
        return text;
    }
    let begin = &text[..text.floor_char_boundary(SHOWN_BYTES)];
    begin.rfind('\n').map_or(begin, |end| &begin[..end])
}

/// The same JSON on as many lines as it takes to be read. Names, their order and numbers stay as
/// they were written, which they would not if the text were read and written anew.
pub(super) fn pretty(json: &str) -> String {
    let mut pretty = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut rest = json.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '"' => {
                pretty.push('"');
                copy_string(&mut rest, &mut pretty);
            }
            '{' | '[' => {
                pretty.push(letter);
                while rest.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                match rest.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => pretty.push(end),
                    None => {
                        depth += 1;
                        new_line(&mut pretty, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut pretty, depth);
                pretty.push(letter);
            }
            ',' => {
                pretty.push(',');
                new_line(&mut pretty, depth);
            }
            ':' => pretty.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => pretty.push(other),
        }
    }
    pretty
}

/// Copies the rest of a string that has begun.
fn copy_string(rest: &mut impl Iterator<Item = char>, into: &mut String) {
    while let Some(letter) = rest.next() {
        into.push(letter);
        match letter {
            '"' => return,
            '\\' => into.extend(rest.next()),
            _ => {}
        }
    }
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pretty_json_keeps_names_order_and_numbers_as_they_were_written() {
        let sent = r#"{"b":[1.0,{"x":"a, {\"b\": []}\\"}],"a":{ },"big":12345678901234567890123}"#;
        let wanted = "{\n  \"b\": [\n    1.0,\n    {\n      \"x\": \"a, {\\\"b\\\": []}\\\\\"\n    }\
                      \n  ],\n  \"a\": {},\n  \"big\": 12345678901234567890123\n}";
        assert_eq!(pretty(sent), wanted);
        assert_eq!(pretty(wanted), wanted, "what is pretty stays as it is");
    }

    #[test]
    fn of_a_long_text_whole_lines_are_shown() {
        let line = format!("{}\n", "é".repeat(999));
        let text = line.repeat(100);
        let shown = beginning(&text);
        assert!(shown.len() <= SHOWN_BYTES && shown.len() > SHOWN_BYTES - line.len() * 2);
        assert!(shown.ends_with('é') && text[shown.len()..].starts_with('\n'));
        let one_line = "é".repeat(SHOWN_BYTES);
        assert_eq!(beginning(&one_line).len(), SHOWN_BYTES);
    }
}
