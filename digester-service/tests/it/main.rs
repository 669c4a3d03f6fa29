//! The digester service as its callers see it: over HTTP, beside a web service that can be away,
//! lose its answers, and refuse.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admission;
mod apart;
mod attempt;
mod cancel;
mod digester;
mod download;
mod drain;
mod heartbeat;
mod intake;
mod keys;
mod loader;
mod metrics;
mod openapi;
mod outage;
mod preview;
mod regulation;
mod replay;
#[path = "../role/rogue.rs"]
mod rogue;
mod sleepers;
mod trace;
mod web;
mod world;
