//! Rows that have been there before.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::Hasher,
};

/// The rows so far, by a hash of 128 bits: however long they are, each takes the same space.
#[derive(Debug, Default)]
pub(super) struct Seen {
    rows: HashSet<(u64, u64)>,
}

impl Seen {
    /// Keeps of some rows those that are new. Answers how many were dropped.
    pub(super) fn keep_new(&mut self, rows: &mut Vec<u8>) -> u64 {
        let (mut from, mut to, mut dropped) = (0, 0, 0);
        while from < rows.len() {
            let end = memchr::memchr(b'\n', &rows[from..]).map_or(rows.len(), |at| from + at + 1);
            if self.rows.insert(hash(&rows[from..end])) {
                rows.copy_within(from..end, to);
                to += end - from;
            } else {
                dropped += 1;
            }
            from = end;
        }
        rows.truncate(to);
        dropped
    }
}

fn hash(row: &[u8]) -> (u64, u64) {
    let [one, other] = [0, 1].map(|salt| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(salt);
        hasher.write(row);
        hasher.finish()
    });
    (one, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_rows_stays() {
        let mut seen = Seen::default();
        let mut rows = b"a\tb\nc\na\tb\n".to_vec();
        assert_eq!(seen.keep_new(&mut rows), 1);
        assert_eq!(rows, b"a\tb\nc\n");
        let mut rows = b"c\nd\n".to_vec();
        assert_eq!(seen.keep_new(&mut rows), 1);
        assert_eq!(rows, b"d\n");
    }
}
