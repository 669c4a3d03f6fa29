//! The web pages, as a browser gets them.

mod frame;
mod instruction;
mod job;
mod node;
