//! The laws every strategy keeps, over random arrivals in the simulator.
//!
//! About so many events in all as [`crate::size::events`] says.

mod crowd;
mod fairness;
mod inspector;
mod midway;
mod reservation;
mod safety;

use proptest::prelude::ProptestConfig;

use crate::size::events;

/// How many cases make about the events that are asked for, at so many events a case.
fn cases(share: f64, events_each: usize) -> ProptestConfig {
    let cases = (events() * share / events_each as f64).ceil().max(4.0) as u32;
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
