#![no_main]
//! Tables of columns and of lines, with filters, from any text.

use digest_fuzz::{column, same_for_any_chunks, table};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const PATTERNS: [(&str, &str); 6] =
    [("", "-"), ("a+", "<$0>"), ("(?i)É", "e"), ("(.)(.)", "$2$1"), ("x|$", "!"), ("\\W", "")];

fuzz_target!(|bytes: &[u8]| {
    let [line, cell, choice, text @ ..] = bytes else { return };
    let (line, cell) = (line % 4, cell % 8);
    let delimiter = ["\\t", ",", "[;,]"][usize::from(*choice) % 3];
    let (find, replace) = PATTERNS[usize::from(choice >> 4) % PATTERNS.len()];
    same_for_any_chunks(text, |from, to| {
        let table = |name, columns: &[_]| table(from, to, delimiter, name, columns);
        let mut filtered = column("CSV_COLUMN", "b", line, cell);
        filtered["findText"] = json!(find);
        filtered["replaceText"] = json!(replace);
        let mut cut = column("CSV_COLUMN", "c", line, 0);
        cut["filterFrom"] = json!("a");
        cut["filterTo"] = json!("/");
        let counter = json!({ "gobiiColumnType": "AUTOINCREMENT", "name": "i" });
        json!([
            table("plain", &[counter, filtered.clone(), cut.clone()]),
            table("germplasm", &[cut, filtered]),
            table("lines", &[column("CSV_ROW", "d", line, cell)]),
            table("block", &[column("CSV_BOTH", "e", line, cell)]),
        ])
    });
});
