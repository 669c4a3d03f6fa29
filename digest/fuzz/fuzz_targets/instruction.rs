#![no_main]
//! Whatever stands in an instruction: it is refused or checked, and touches nothing.

use digest::{FailureKind, Options, Unobserved};
use libfuzzer_sys::fuzz_target;
use schema::gobii::{LoaderInstruction, decode};

fuzz_target!(|bytes: &[u8]| {
    let Ok(instruction) = LoaderInstruction::parse(&decode(bytes)) else { return };
    // Nothing lies under an empty folder, so no instruction gets further than its check.
    let nowhere = digest_fuzz::world();
    let options = Options { roots: vec![nowhere.path().to_owned()], ..Options::default() };
    let failure = digest::digest(&instruction, &options, &Unobserved).expect_err("no source");
    assert_eq!(failure.kind, FailureKind::Failed);
    assert!(!failure.report.findings.is_empty());
});
