#![no_main]
//! The same from a text that is repeated, so that outputs have many blocks and go past the cache.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [choice, times, text @ ..] = bytes else { return };
    digest_fuzz::matrix(*choice, &text.repeat(1 + usize::from(*times)));
});
