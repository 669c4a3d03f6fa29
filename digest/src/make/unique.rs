//! Rows of tables whose equal rows are written once: brought into one form first, so that equal
//! rows are equal bytes.

/// Words that mean an empty cell.
const BLANKS: [&[u8]; 14] = [
    b"NA",
    b"N/A",
    b"#N/A",
    b"#NA",
    b"#N/A N/A",
    b"NULL",
    b"NaN",
    b"-NaN",
    b"nan",
    b"-nan",
    b"1.#IND",
    b"-1.#IND",
    b"1.#QNAN",
    b"-1.#QNAN",
];

/// The longest of them.
const BLANK_BYTES: usize = 9;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tidied {
    /// It stands there; so many cells were emptied.
    Kept { blanked: u64 },
    /// It was blank, and is gone.
    Gone,
}

/// Brings the row that begins at `start` into its one form.
pub(super) fn tidy(
    out: &mut Vec<u8>,
    start: usize,
    columns: usize,
) -> Result<Tidied, &'static str> {
    let row = &out[start..];
    if row.iter().all(|byte| *byte == b' ') {
        out.truncate(start);
        return Ok(Tidied::Gone);
    }
    let cells = row.split(|byte| *byte == b'\t');
    let count = cells.clone().count();
    if count > columns {
        return Err("the row has more cells than columns: a value has a tab in it");
    }
    let blank = |cell: &[u8]| cell.len() <= BLANK_BYTES && BLANKS.contains(&cell);
    let plain = columns > 1 && !row.contains(&b'"') && !cells.clone().any(blank);
    let mut tidied = Tidied::Kept { blanked: 0 };
    if !plain {
        let (row, done) = rewritten(row)?;
        out.truncate(start);
        out.extend_from_slice(&row);
        tidied = done;
    }
    out.extend(std::iter::repeat_n(b'\t', columns - count));
    if columns == 1 && out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    Ok(tidied)
}

/// The slow way, cell by cell.
fn rewritten(row: &[u8]) -> Result<(Vec<u8>, Tidied), &'static str> {
    let (mut out, mut blanked) = (Vec::with_capacity(row.len()), 0);
    for (i, cell) in row.split(|byte| *byte == b'\t').enumerate() {
        if i > 0 {
            out.push(b'\t');
        }
        let text = unquote(cell)?;
        if !BLANKS.contains(&&text[..]) {
            push_quoted(&text, &mut out);
            continue;
        }
        blanked += 1;
    }
    Ok((out, Tidied::Kept { blanked }))
}

/// The text of a cell that may be in double quotes.
fn unquote(cell: &[u8]) -> Result<Vec<u8>, &'static str> {
    let Some(mut rest) = cell.strip_prefix(b"\"") else { return Ok(cell.to_vec()) };
    let mut text = Vec::with_capacity(cell.len());
    loop {
        let end = memchr::memchr(b'"', rest).ok_or("a quote is opened and not closed")?;
        text.extend_from_slice(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(b"\"") {
            Some(after) => {
                text.push(b'"');
                rest = after;
            }
            None => break,
        }
    }
    text.extend_from_slice(rest);
    Ok(text)
}

fn push_quoted(text: &[u8], out: &mut Vec<u8>) {
    if !text.contains(&b'"') {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// The header in the same form: a name that was there before gets a number.
pub(crate) fn header(header: &[u8]) -> Vec<u8> {
    let names: Vec<_> = header.split(|byte| *byte == b'\t').collect();
    let mut out = Vec::with_capacity(header.len());
    for (i, name) in names.iter().enumerate() {
        if i > 0 {
            out.push(b'\t');
        }
        let name = unquote(name).unwrap_or_else(|_| name.to_vec());
        push_quoted(&name, &mut out);
        if name.is_empty() {
            out.extend_from_slice(format!("Unnamed: {i}").as_bytes());
        }
        let before = names[..i].iter().filter(|other| **other == names[i]).count();
        if before > 0 {
            out.extend_from_slice(format!(".{before}").as_bytes());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidied(row: &str, columns: usize) -> Result<(String, Tidied), &'static str> {
        let mut out = row.as_bytes().to_vec();
        let done = tidy(&mut out, 0, columns)?;
        Ok((String::from_utf8(out).unwrap(), done))
    }

    fn text(row: &str, columns: usize) -> String {
        tidied(row, columns).unwrap().0
    }

    #[test]
    fn words_for_nothing_are_emptied_and_counted() {
        let kept = Tidied::Kept { blanked: 2 };
        assert_eq!(tidied("a\tNA\t#N/A\tnull", 4), Ok(("a\t\t\tnull".to_owned(), kept)));
        assert_eq!(text("\"NA\"\tb", 2), "\tb");
        assert_eq!(text("007\t1e5", 2), "007\t1e5");
    }

    #[test]
    fn quotes_are_lost_or_doubled() {
        assert_eq!(text("\"a b\"\tc\"d", 2), "a b\t\"c\"\"d\"");
        assert_eq!(text("\"a\"\"b\"\tc", 2), "\"a\"\"b\"\tc");
        assert!(tidied("\"a\tb", 2).is_err());
    }

    #[test]
    fn short_rows_are_filled_and_blank_ones_dropped() {
        assert_eq!(text("a", 3), "a\t\t");
        assert_eq!(text("NA", 1), "\"\"");
        assert_eq!(tidied("", 1).unwrap().1, Tidied::Gone);
        assert_eq!(tidied("  ", 2).unwrap().1, Tidied::Gone);
        assert!(tidied("a\tb", 1).is_err());
    }

    #[test]
    fn a_repeated_name_gets_a_number() {
        assert_eq!(header(b"a\tb\ta\ta"), b"a\tb\ta.1\ta.2");
    }
}
