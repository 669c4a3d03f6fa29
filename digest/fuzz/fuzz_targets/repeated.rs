#![no_main]
//! The same from a text that is repeated, so that outputs have many blocks and go past the cache.

use libfuzzer_sys::fuzz_target;

/// A line of more would not fit into the least memory that it is digested with.
const MOST: usize = 60 << 10;

fuzz_target!(|bytes: &[u8]| {
    let [choice, times, text @ ..] = bytes else { return };
    let times = (1 + usize::from(*times)).min(MOST / text.len().max(1));
    digest_fuzz::matrix(*choice, &text.repeat(times));
});
