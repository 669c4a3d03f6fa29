//! How long things took, counted from when they were to begin.

use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;

/// Times in microseconds, to three digits, up to ten minutes.
#[derive(Clone, Debug)]
pub(super) struct Latency(Histogram<u64>);

impl Latency {
    /// Nothing measured yet.
    pub(super) fn new() -> anyhow::Result<Self> {
        Histogram::new_with_bounds(1, 600_000_000, 3).map(Self).context("make a histogram")
    }

    /// Notes one time.
    pub(super) fn note(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// Takes over what another one noted.
    pub(super) fn join(&mut self, other: &Self) -> anyhow::Result<()> {
        self.0.add(&other.0).context("join histograms")
    }

    /// The time that this share of all stayed below, in milliseconds.
    pub(super) fn quantile_ms(&self, share: f64) -> f64 {
        Duration::from_micros(self.0.value_at_quantile(share)).as_secs_f64() * 1000.0
    }

    /// The longest time, in milliseconds.
    pub(super) fn longest_ms(&self) -> f64 {
        self.quantile_ms(1.0)
    }
}
