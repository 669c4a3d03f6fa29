//! The trace that a request belongs to.

use axum::http::HeaderMap;
use schema::TraceParent;

/// The trace that the caller names. One that cannot be read is none, as the standard wants it.
#[must_use]
pub fn traceparent(headers: &HeaderMap) -> Option<TraceParent> {
    headers.get(TraceParent::HEADER)?.to_str().ok()?.parse().ok()
}
