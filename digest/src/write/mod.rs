//! From rows to files: everything under a temporary name until all of it is there.

mod across;
mod beside;
mod block;
mod direct;
mod folder;
mod seen;
mod share;
mod sink;
mod table;
mod turn;

pub(crate) use folder::{Folder, sweep};
pub(crate) use share::Share;
pub(crate) use sink::Sink;
pub(crate) use table::TableSink;
pub(crate) use turn::Turning;
