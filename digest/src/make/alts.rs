//! Alternates become the text of a database array.

/// A row that has no such cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoCell;

/// Rewrites the row that begins at `start`: its cell `column` becomes an array, and empty cells at
/// its end vanish.
pub(crate) fn rewrite(out: &mut Vec<u8>, start: usize, column: usize) -> Result<(), NoCell> {
    while out.len() > start && out.last() == Some(&b'\t') {
        out.pop();
    }
    let row = &out[start..];
    let cell = row.split(|byte| *byte == b'\t').nth(column).ok_or(NoCell)?;
    if row.is_empty() && column > 0 {
        return Err(NoCell);
    }
    let before: usize =
        row.split(|byte| *byte == b'\t').take(column).map(|cell| cell.len() + 1).sum();
    let after = row[before + cell.len()..].to_vec();
    let text = array(cell);
    out.truncate(start + before);
    out.extend_from_slice(&text);
    out.extend_from_slice(&after);
    Ok(())
}

/// Every character that is no letter and no `-` separates two parts, of which some may be empty.
fn array(cell: &[u8]) -> Vec<u8> {
    let mut array = b"\"{\"\"".to_vec();
    for (i, byte) in cell.iter().enumerate() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'-' => array.push(*byte),
            // The rest of a character of several bytes is no character of its own.
            0x80..=0xbf if i > 0 => {}
            _ => array.extend_from_slice(b"\"\",\"\""),
        }
    }
    array.extend_from_slice(b"\"\"}\"");
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(row: &str, column: usize) -> Result<String, NoCell> {
        let mut out = row.as_bytes().to_vec();
        rewrite(&mut out, 0, column)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_cell_becomes_an_array() {
        assert_eq!(rewritten("m\tG,T\tx", 1).unwrap(), "m\t\"{\"\"G\"\",\"\"T\"\"}\"\tx");
        let deletion = "\"{\"\"\"\",\"\"DEL\"\",\"\"\"\"}\"";
        assert_eq!(rewritten("<DEL>\t\t", 0).unwrap(), deletion);
        assert_eq!(rewritten("m\t\tx", 1).unwrap(), "m\t\"{\"\"\"\"}\"\tx");
        assert_eq!(rewritten("m\t\t", 1), Err(NoCell));
    }
}
