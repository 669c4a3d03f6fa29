//! Figures on their way out, as Prometheus reads them.

use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use prometheus_client::{
    encoding::text::encode,
    metrics::histogram::{Histogram, exponential_buckets},
    registry::Registry,
};

/// What Prometheus is told of the text that follows.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is registered, as it stands.
#[must_use]
pub fn exposition(registry: &Registry) -> Response {
    let mut text = String::new();
    encode(&mut text, registry).expect("a text takes whatever is written to it");
    ([(CONTENT_TYPE, MEDIA_TYPE)], text).into_response()
}

/// How long something waited, in seconds: from a millisecond to about nine hours.
#[must_use]
pub fn waiting_times() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 4.0, 13))
}
