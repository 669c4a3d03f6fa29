//! Which calls were heard already.

use std::collections::{BTreeMap, HashSet};

use super::WINDOW_SECONDS;

/// How many calls are remembered. When more come within the window, the window becomes shorter.
const MAX_REMEMBERED: usize = 50_000;

/// The ids of calls by the time they were signed at, as long as that is within the window.
#[derive(Debug, Default)]
pub(super) struct Seen {
    ids: BTreeMap<u64, HashSet<Box<str>>>,
    remembered: usize,
    /// Calls signed then or before are not remembered any more, and so not believed.
    forgotten: u64,
}

impl Seen {
    /// Takes note of a call; `false` if it may have been heard before.
    pub(super) fn is_new(&mut self, id: &str, at: u64, now: u64) -> bool {
        self.forget_until(now.saturating_sub(WINDOW_SECONDS + 1));
        if at <= self.forgotten || !self.ids.entry(at).or_default().insert(id.into()) {
            return false;
        }
        self.remembered += 1;
        if self.remembered > MAX_REMEMBERED
            && let Some(oldest) = self.ids.keys().next().copied()
        {
            self.forget_until(oldest);
        }
        true
    }

    fn forget_until(&mut self, last: u64) {
        while let Some(entry) = self.ids.first_entry().filter(|entry| *entry.key() <= last) {
            self.remembered -= entry.remove().len();
        }
        self.forgotten = self.forgotten.max(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    #[test]
    fn a_call_is_new_once() {
        let mut seen = Seen::default();
        assert!(seen.is_new("a", NOW, NOW));
        assert!(!seen.is_new("a", NOW, NOW));
        assert!(seen.is_new("b", NOW, NOW));
        assert!(seen.is_new("a", NOW + 1, NOW), "another call that happens to have the same id");
        assert!(!seen.is_new("b", NOW, NOW + WINDOW_SECONDS), "to the end of the window");
    }

    #[test]
    fn what_is_out_of_the_window_is_forgotten_and_not_believed() {
        let mut seen = Seen::default();
        assert!(seen.is_new("a", NOW, NOW));
        assert!(seen.is_new("b", NOW + WINDOW_SECONDS + 1, NOW + WINDOW_SECONDS + 1));
        assert_eq!(seen.remembered, 1);
        assert!(!seen.is_new("c", NOW, NOW + WINDOW_SECONDS + 1));
    }

    #[test]
    fn many_calls_make_the_window_shorter_and_none_is_heard_twice() {
        let mut seen = Seen::default();
        for call in 0..2 * MAX_REMEMBERED {
            let at = NOW + (call / 1000) as u64;
            assert!(seen.is_new(&call.to_string(), at, NOW + 100));
            assert!(seen.remembered <= MAX_REMEMBERED);
        }
        assert!(!seen.is_new("0", NOW, NOW + 100));
        assert!(!seen.is_new("99999", NOW + 99, NOW + 100));
    }
}
