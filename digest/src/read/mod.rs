//! From files to chunks of whole lines.

mod bgzf;
mod chunks;
mod lines;
mod ordered;
mod source;

pub(crate) use chunks::{Chunk, Chunks};
pub(crate) use ordered::{Flow, in_order};
pub(crate) use source::{Extent, Source};
