//! What both services do at their HTTP edge: connections, problems, JSON, and who may call.

mod backoff;
mod batch;
mod fail;
mod json;
mod lock;
mod metrics;
mod openapi;
mod pace;
mod path;
mod peer;
mod problem;
mod serve;
mod signed;
mod tls;
mod token;
mod trace;
mod watched;

pub use backoff::Backoff;
pub use batch::{Batched, Batcher};
pub use fail::{How, Step, VARIABLE as FAIL_VARIABLE};
pub use json::{Json, OneOrMany};
pub use lock::{Lock, distrusted, gather, require};
pub use metrics::{exposition, waiting_times};
pub use openapi::with_problems;
pub use pace::Pace;
pub use path::{Path, Query};
pub use peer::{Call, Credentials, Peer};
pub use problem::{Answer, method_not_allowed, not_found, panic_text, panicked};
pub use serve::{IDLE_CONNECTION, Limits, Listener, Remote, serve};
pub use signed::{
    Distrust, Keys, KeysConfig, KeysError, Signer, SigningKey, Verifier, WINDOW_SECONDS, Way,
};
pub use tls::{Calls, CallsConfig, Tls, TlsConfig, TlsError, client};
pub use token::Token;
pub use trace::{request_span, traceparent};
