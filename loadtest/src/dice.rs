//! Randomness that a seed repeats.

use std::time::Duration;

/// A small generator of numbers: the same seed throws the same numbers.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The dice of this seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of their own, so that one part's throws do not shift another's.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// The next number, by the splitmix64 rule.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number from this to that, both possible.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// A time of so many milliseconds.
    pub(crate) fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// `true` so many times in a thousand.
    pub(crate) fn chance(&mut self, in_a_thousand: u16) -> bool {
        self.below(1000) < u64::from(in_a_thousand)
    }

    /// One of these, of which there is one at least.
    pub(crate) fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        let count = u64::try_from(among.len()).expect("a length fits");
        &among[usize::try_from(self.below(count)).expect("an index fits")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_throws_the_same_again() {
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            [dice.below(10), dice.between(5, 7), dice.next()]
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn bounds_are_kept() {
        let mut dice = Dice::new(1);
        for _ in 0..1000 {
            assert!((3..=5).contains(&dice.between(3, 5)));
        }
        assert!(!dice.chance(0));
        assert!(dice.chance(1000));
    }
}
