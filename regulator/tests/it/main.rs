//! The regulator from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod backfill;
mod custom;
mod gates;
mod laws;
mod modes;
mod permit;
mod ranks;
mod report;
mod simulator;
mod size;
mod strategies;
mod world;
