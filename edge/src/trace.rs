//! The trace that a request belongs to.

use axum::http::{HeaderMap, Request};
use schema::TraceParent;
use tracing::{Span, field::Empty, info_span};

/// The trace that the caller names. One that cannot be read is none, as the standard wants it.
#[must_use]
pub fn traceparent(headers: &HeaderMap) -> Option<TraceParent> {
    headers.get(TraceParent::HEADER)?.to_str().ok()?.parse().ok()
}

/// What is told while a request is carried out is told of this request, and of its trace.
pub fn request_span<B>(request: &Request<B>) -> Span {
    let (method, path) = (request.method(), request.uri().path());
    let span = info_span!("request", http.method = %method, http.path = path, traceparent = Empty);
    if !span.is_disabled()
        && let Some(trace) = traceparent(request.headers())
    {
        span.record("traceparent", trace.as_str());
    }
    span
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(text)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_logged_of_a_request_names_its_trace() {
        const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let log = Log::default();
        let written = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || log.clone()).finish();
        let request = Request::get("/job/7").header("traceparent", TRACE).body(()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            let _entered = request_span(&request).entered();
            tracing::info!("looked");
        });
        let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(written.contains(TRACE) && written.contains("/job/7"), "{written}");
    }
}
