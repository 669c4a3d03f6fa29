//! The orders to choose from: each says which job goes first, by which formula, from what source.

mod dominant;
mod fair;
mod fifo;
mod priority;
mod weight;

pub use dominant::{Dominant, DominantRank};
pub use fair::{Charge, Fair, FairRank};
pub use fifo::Fifo;
pub use priority::Priority;
pub use weight::Weights;
