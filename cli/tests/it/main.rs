//! The whole system, as processes: started, asked, killed and started again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod crash;
mod follow;
mod nodes;
mod regulator;
mod rolling;
mod secrets;
mod secure;
mod servers;
mod system;
mod up;
