//! The rules to choose from: each says when a job may not start, by which formula, from what source.

pub(crate) mod alone;
pub(crate) mod fixed;

pub use fixed::Fixed;
