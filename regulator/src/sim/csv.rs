//! The little of CSV that a trace needs: commas, and quotes around fields that hold some.

/// The fields of a line; `None` if a quote is not closed or stands in a wrong place.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        if after.is_empty() {
            return Some(fields);
        }
        rest = after.strip_prefix(',')?;
    }
}

/// What a quoted field says, and what follows its closing quote.
fn quoted_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(more) => rest = more,
            None => return Some((field, rest)),
        }
        field.push('"');
    }
}

/// A field as it is written.
pub(super) fn quote(field: &str) -> String {
    match field.contains([',', '"']) || field.starts_with('#') {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_quoted_is_read_back() {
        let fields = ["", "plain", "a,b", "say \"no\"", "#7"].map(str::to_owned).to_vec();
        let line = fields.iter().map(|field| quote(field)).collect::<Vec<_>>().join(",");
        assert_eq!(split(&line), Some(fields));
        assert_eq!(split("\"open"), None);
        assert_eq!(split("\"a\"b"), None);
        assert_eq!(split(""), Some(vec![String::new()]));
    }
}
