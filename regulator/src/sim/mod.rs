//! A discrete-event simulator: the very regulator of a live node, under a clock that jumps from
//! event to event.
//!
//! ```
//! use regulator::sim::{Generator, Plant, Report, simulate};
//! use regulator::{Now, Stack, Strategy};
//!
//! let trace = Generator { jobs: 100, ..Generator::default() }.trace();
//! let strategy = Strategy::default();
//! let plant = Plant::default();
//! let run = simulate(&mut Stack::new(&strategy, plant.dawn()), &trace, &plant);
//! let report = Report::of("default", &run, &trace);
//! assert_eq!(report.completed, 100);
//! ```

mod chart;
mod csv;
mod engine;
mod generate;
mod random;
mod report;
mod trace;

pub use chart::html;
pub use engine::{Event, Plant, Record, Run, simulate, watch};
pub use generate::Generator;
pub use random::Random;
pub use report::{Group, Quantiles, Report};
pub use trace::{COLUMNS, TraceError, TraceJob, read, write};
