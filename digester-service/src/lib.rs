//! The service on the compute node: takes jobs in, regulates them, runs digesters, and reports.
//!
//! Everything a job needs to survive a crash is either with the web service (the job, until its
//! attempt is settled) or in the outcome journal (the outcome, until the web service has it).

mod apart;
mod attempt;
mod attending;
mod callback;
pub mod config;
mod courier;
mod digester;
mod download;
mod error;
mod heartbeat;
mod intake;
mod journal;
mod lease;
mod loader;
mod lock;
mod metrics;
mod node;
mod preview;
mod quota;
mod recorder;
mod regulation;
mod replay;
mod reporter;
mod routes;
mod runner;
mod sampler;
mod service;
mod sleep;
mod speaker;
mod strategy;
mod threads;

pub use apart::{Role, digest_apart};
pub use config::Config;
pub use digester::{Digester, Glance, Needs, Outcome, Work};
pub use loader::Loader;
#[doc(hidden)]
pub use replay::ReplayPlan;
pub use service::{Service, openapi};
pub use sleep::Sleep;
