//! What replaces a match: text and groups, as Java writes them.

use super::java::Java;

/// A part of a replacement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(Vec<u8>),
    Group(usize),
}

/// Reads `$1`, `${name}` and `\` escapes.
pub(super) fn parse(text: &str, pattern: &Java) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => plain.push(rest.next().ok_or("the replacement ends in “\\”")?),
            '$' => {
                let group = group(&mut rest, pattern)?;
                parts.push(Part::Text(std::mem::take(&mut plain).into_bytes()));
                parts.push(Part::Group(group));
            }
            _ => plain.push(c),
        }
    }
    parts.push(Part::Text(plain.into_bytes()));
    parts.retain(|part| *part != Part::Text(Vec::new()));
    Ok(parts)
}

fn group(
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    pattern: &Java,
) -> Result<usize, String> {
    if rest.next_if_eq(&'{').is_some() {
        let name: String = rest.by_ref().take_while(|c| *c != '}').collect();
        return pattern.group(&name).ok_or(format!("the pattern has no group “{name}”"));
    }
    let digit = |c: Option<char>| c.and_then(|c| c.to_digit(10)).map(|digit| digit as usize);
    let first = digit(rest.next());
    let mut number = first.ok_or("a “$” in the replacement is not followed by a group")?;
    if number > pattern.groups() {
        return Err(format!("the pattern has no group {number}"));
    }
    // As many digits as make the number of a group there is.
    while let Some(next) = digit(rest.peek().copied()).map(|digit| number * 10 + digit) {
        if next > pattern.groups() {
            break;
        }
        number = next;
        rest.next();
    }
    Ok(number)
}
