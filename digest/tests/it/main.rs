//! The engine from outside: an instruction and files in, files and a report out.

#![expect(clippy::unwrap_used, reason = "what a test's world needs must be there")]

mod errors;
mod golden;
mod hostile;
mod inputs;
mod preview;
mod real;
mod reference;
mod support;
