//! Problems on their way out.

use std::any::Any;

use axum::{
    http::{
        HeaderValue, Method, Response, StatusCode, Uri,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::IntoResponse,
};
use schema::{Problem, ProblemKind};

/// A problem as an HTTP answer.
#[derive(Debug)]
pub struct Answer {
    problem: Problem,
    retry_after_seconds: Option<u32>,
}

impl Answer {
    /// A problem of this kind, with what is wrong this time.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Problem::new(kind, detail).into()
    }

    /// Says when it is worth asking again.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        Self { problem, retry_after_seconds: None }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> axum::response::Response {
        let status =
            StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Problem::MEDIA_TYPE));
        if status == StatusCode::UNAUTHORIZED {
            // Not `Basic`, although that is taken, too: browsers would ask for a password by
            // themselves, and never forget it.
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The answer to a path that leads nowhere.
pub async fn not_found(uri: Uri) -> Answer {
    Answer::new(ProblemKind::NotFound, format!("there is nothing at {}", uri.path()))
}

/// The answer to a path that knows other methods.
pub async fn method_not_allowed(method: Method, uri: Uri) -> Answer {
    let detail = format!("{} does not answer to {method}", uri.path());
    Answer::new(ProblemKind::MethodNotAllowed, detail)
}

/// The answer to a request whose handler panicked; for `CatchPanicLayer`.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response<axum::body::Body> {
    tracing::error!(panic = panic_text(&*panic), "a request handler panicked");
    Answer::new(ProblemKind::Internal, "something went wrong; the log knows more").into_response()
}

/// What a panic says.
#[must_use]
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
