#![no_main]
//! Any bytes that say they are gzip or BGZF.

use digest_fuzz::{column, same_for_any_chunks, table};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|bytes: &[u8]| {
    let file = [&[0x1f, 0x8b][..], bytes].concat();
    same_for_any_chunks(&file, |from, to| {
        json!([table(from, to, "\\t", "plain", &[column("CSV_COLUMN", "a", 0, 0)])])
    });
});
