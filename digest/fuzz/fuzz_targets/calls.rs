#![no_main]
//! Matrices of every kind but VCF, either way round, from any text.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [choice, text @ ..] = bytes else { return };
    digest_fuzz::matrix(*choice, text);
});
