//! How large the random runs are: `LAWS_EVENTS` in all, a million by default.

const USUAL: f64 = 1e6;

/// How many events the laws are tried on, about.
pub(crate) fn events() -> f64 {
    std::env::var("LAWS_EVENTS").ok().and_then(|events| events.parse().ok()).unwrap_or(USUAL)
}

/// So many where the run has its usual size, fewer in a smaller one, never more.
pub(crate) fn at_most(usual: usize) -> usize {
    (usual as f64 * (events() / USUAL).clamp(0.02, 1.0)) as usize
}
