//! The regulator from outside.

mod modes;
mod permit;
mod world;
