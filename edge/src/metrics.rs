//! Figures on their way out, as Prometheus reads them.

use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use prometheus_client::{encoding::text::encode, registry::Registry};

/// What Prometheus is told of the text that follows.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is registered, as it stands.
#[must_use]
pub fn exposition(registry: &Registry) -> Response {
    let mut text = String::new();
    encode(&mut text, registry).expect("a text takes whatever is written to it");
    ([(CONTENT_TYPE, MEDIA_TYPE)], text).into_response()
}
