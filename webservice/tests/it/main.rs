//! The web service as its callers see it: over HTTP, with a database of its own for every test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accept;
mod access;
mod announce;
mod batch;
mod bulk;
mod cancel;
mod download;
mod event;
mod forward;
mod gobii;
mod health;
mod hostile;
mod http;
mod keys;
mod list;
mod metrics;
mod migrations;
mod mirror;
mod node;
mod notify;
mod notify_tls;
mod oidc;
mod openapi;
mod outage;
mod pages;
mod patch;
mod preview;
mod property;
mod refusal;
mod retention;
mod stream;
mod trace;
mod wire;
mod world;
