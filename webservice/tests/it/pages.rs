//! The web pages, as a browser gets them.

mod compare;
mod edit;
mod frame;
mod instruction;
mod job;
mod list;
mod live;
mod node;
mod node_live;
mod overview;
