//! The short form of what is run by hand at length: real processes, a few seeds.

mod run;
mod short;
