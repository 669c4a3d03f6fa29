//! What both services do at their HTTP edge: problems, JSON, and who may call.

mod backoff;
mod batch;
mod fail;
mod json;
mod metrics;
mod pace;
mod path;
mod peer;
mod problem;
mod serve;
mod token;
mod trace;

pub use backoff::Backoff;
pub use batch::{Batched, Batcher};
pub use fail::{How, Step, VARIABLE as FAIL_VARIABLE};
pub use json::{Json, OneOrMany};
pub use metrics::{exposition, waiting_times};
pub use pace::Pace;
pub use path::{Path, Query};
pub use peer::Peer;
pub use problem::{Answer, method_not_allowed, not_found, panic_text, panicked};
pub use serve::{IDLE_CONNECTION, Limits, Remote, serve};
pub use token::{Token, require};
pub use trace::{request_span, traceparent};
