#![no_main]
//! VCF from any text.

use digest_fuzz::{column, same_for_any_chunks, table};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &[u8]| {
    same_for_any_chunks(text, |from, to| {
        let table = |name, columns: &[_]| {
            let mut table = table(from, to, "\\t", name, columns);
            table["gobiiFile"]["gobiiFileType"] = json!("VCF");
            table
        };
        let cell = |name, cell| column("CSV_COLUMN", name, 1, cell);
        let mut matrix = column("CSV_BOTH", "matrix", 1, 3);
        matrix["dataSetType"] = json!("VCF");
        json!([
            table("marker", &[cell("name", 0), cell("ref", 1), cell("alts", 2)]),
            table("dataset_marker", &[cell("marker_name", 0)]),
            table("dataset_dnarun", &[column("CSV_ROW", "dnarun_name", 0, 3)]),
            table("matrix", &[matrix]),
        ])
    });
});
