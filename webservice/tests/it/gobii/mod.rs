//! GOBii's contract, as its clients see it on the wire.

mod beside;
mod captures;
mod create;
mod files;
mod login;
mod memory;
mod read;
mod strict;
mod warehouse;
mod world;
