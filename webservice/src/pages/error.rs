//! Pages for what cannot be shown.

use axum::{
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use maud::{Markup, html};
use schema::{Problem, ProblemKind};

use crate::error::{ApiError, RETRY_AFTER_SECONDS};

use super::layout::{Page, Place};

/// Why a page cannot be shown, said as a page.
pub(super) struct PageError(Problem);

impl PageError {
    pub(super) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self(Problem::new(kind, detail))
    }

    fn kind(&self) -> ProblemKind {
        ProblemKind::of(&self.0).unwrap_or(ProblemKind::Internal)
    }
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        let problem = error.problem();
        if error.is_too_slow() {
            let detail = "this takes too long to find: choose fewer days, or ask for less";
            return Self::new(ProblemKind::Unavailable, detail);
        }
        Self(problem)
    }
}

/// What to tell, and what the reader can do about it.
fn words(kind: ProblemKind) -> (&'static str, &'static str) {
    match kind {
        ProblemKind::NotFound => (
            "Nothing to be found here",
            "The link may be incomplete, or what it led to is old and was forgotten.",
        ),
        ProblemKind::Unavailable => {
            ("Not just now", "Nothing is lost. The page is worth another try in a few seconds.")
        }
        ProblemKind::Internal => (
            "Something went wrong on our side",
            "The log of the web service knows more. Jobs go on regardless.",
        ),
        ProblemKind::Conflict | ProblemKind::IllegalMove => {
            ("That does not fit any more", "Things have moved on since the page was shown.")
        }
        ProblemKind::Unauthorized => (
            "Nobody knows who you are",
            "Your session may be over: log in under “account” at the end of the page, and try again.",
        ),
        ProblemKind::TooManyRequests => {
            ("Too many tries", "Wait for a while. Who is logged in elsewhere goes on working.")
        }
        ProblemKind::Forbidden => (
            "Not for you",
            "Somebody who administers the service can let you. Or log in as somebody else.",
        ),
        _ => ("That cannot be understood", "Going back and trying another way may help."),
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let kind = self.kind();
        let (title, help) = words(kind);
        let status = StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let content = content(title, self.0.detail.as_deref(), help);
        let mut response = (status, Page::new(title, Place::Elsewhere, content)).into_response();
        if kind == ProblemKind::Unavailable {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        response
    }
}

fn content(title: &str, detail: Option<&str>, help: &str) -> Markup {
    html! {
        div.empty {
            h1 { (title) }
            @if let Some(detail) = detail { p.detail { (sentence(detail)) } }
            p { (help) }
            p { a href="/jobs" { "All jobs" } " · " a href="/" { "Overview" } }
        }
    }
}

/// A message, which begins with a small letter and ends without a stop, as a sentence.
pub(super) fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let Some(first) = letters.next() else { return String::new() };
    let stop = if message.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), letters.as_str())
}
