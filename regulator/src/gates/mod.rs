//! The rules to choose from: each says when a job may not start, by which formula, from what source.

mod adaptive;
pub(crate) mod alone;
mod fixed;
mod keyed;
mod pressure;
mod rate;
mod resources;
mod window;

pub use adaptive::{Adaptive, AdaptiveGate};
pub use fixed::Fixed;
pub use keyed::{By, Keyed};
pub use pressure::{PressureGate, PressureLimits};
pub use rate::{Of, Rate, RateGate};
pub use resources::Resources;
pub use window::{Hours, Window};
