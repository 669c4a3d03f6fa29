//! The regulator from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod backfill;
mod gates;
mod laws;
mod modes;
mod permit;
mod ranks;
mod simulator;
mod size;
mod strategies;
mod world;
