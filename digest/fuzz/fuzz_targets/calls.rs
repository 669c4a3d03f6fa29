#![no_main]
//! Matrices of every kind but VCF, either way round, from any text.

use digest_fuzz::{column, same_for_any_chunks, table};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const KINDS: [&str; 5] = [
    "NUCLEOTIDE_2_LETTER",
    "IUPAC",
    "SSR_ALLELE_SIZE",
    "DOMINANT_NON_NUCLEOTIDE",
    "CO_DOMINANT_NON_NUCLEOTIDE",
];

fuzz_target!(|bytes: &[u8]| {
    let [choice, text @ ..] = bytes else { return };
    let kind = KINDS[usize::from(*choice) % KINDS.len()];
    let turned = choice & 0x80 != 0;
    let delimiter = ["\\t", ",", ",+", " "][usize::from(choice >> 3) % 4];
    let cell = choice >> 5 & 1;
    same_for_any_chunks(text, |from, to| {
        let mut matrix = column("CSV_BOTH", "matrix", cell, cell);
        matrix["dataSetType"] = json!(kind);
        matrix["dataSetOrientationType"] =
            json!(if turned { "SAMPLE_FAST" } else { "MARKER_FAST" });
        json!([table(from, to, delimiter, "matrix", &[matrix])])
    });
});
