//! GOBii's contract, as its clients see it on the wire.

mod beside;
mod captures;
mod create;
mod files;
mod fuzz;
mod login;
mod memory;
mod read;
mod strict;
mod warehouse;
mod world;
