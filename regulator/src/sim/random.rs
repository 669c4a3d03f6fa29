/// A small generator of random numbers, the same for the same seed everywhere.
///
/// Source: SplitMix64, Steele, Lea, Flood, OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A stream of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Sixty-four random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `bound`; zero if that is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// An exponential variate: the gaps of a Poisson process.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// A Pareto variate cut off at `most`: heavy-tailed, as file sizes are.
    pub fn pareto(&mut self, shape: f64, least: f64, most: f64) -> f64 {
        let tail = 1.0 - (least / most).powf(shape);
        least / (1.0 - tail * self.unit()).powf(1.0 / shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variates_have_the_moments_they_should() {
        let mut random = Random::new(7);
        let count = 200_000;
        let mean = (0..count).map(|_| random.exponential(3.0)).sum::<f64>() / f64::from(count);
        assert!((mean - 3.0).abs() < 0.05, "{mean}");
        let pareto: Vec<_> = (0..count).map(|_| random.pareto(1.5, 2.0, 100.0)).collect();
        assert!(pareto.iter().all(|x| (2.0..=100.0).contains(x)));
        let median_above = pareto.iter().filter(|x| **x > 3.16).count() as f64 / f64::from(count);
        assert!((median_above - 0.5).abs() < 0.01, "{median_above}");
        assert!((0..1000).all(|_| random.below(7) < 7));
        assert_eq!((0..1000).map(|_| random.below(3)).max(), Some(2));
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        assert_eq!(Random::new(0).bits(), 0xe220_a839_7b1d_cdaf, "as published");
        assert_ne!(Random::new(1).bits(), Random::new(2).bits());
    }
}
