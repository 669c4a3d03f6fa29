//! The orders to choose from: each says which job goes first, by which formula, from what source.

mod fifo;

pub use fifo::Fifo;
