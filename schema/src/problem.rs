//! What both services answer when something is wrong (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Job;

/// The kinds of things that can be wrong: the one list for both services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The request cannot be understood.
    Malformed,
    /// The request is understood and cannot be carried out as it is.
    Invalid,
    /// Who asks is not known, or did not say.
    Unauthorized,
    /// Who asks may not.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The method does not fit the thing.
    MethodNotAllowed,
    /// It exists already, and differs.
    Conflict,
    /// A patch came from an attempt that no longer holds the job.
    StaleAttempt,
    /// The job cannot move there from where it is.
    IllegalMove,
    /// The body is larger than the configured limit.
    TooLarge,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// Tried too often: wait for a while.
    TooManyRequests,
    /// Full, or for a moment unable: try again later.
    Unavailable,
    /// The service is at fault; the log knows more.
    Internal,
}

impl ProblemKind {
    const ALL: [Self; 14] = [
        Self::Malformed,
        Self::Invalid,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::StaleAttempt,
        Self::IllegalMove,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::TooManyRequests,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict | Self::StaleAttempt | Self::IllegalMove => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid => 422,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// The kind of a problem that came over the wire, if it is one of ours.
    #[must_use]
    pub fn of(problem: &Problem) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| problem.kind == kind.uri())
    }

    fn uri(self) -> String {
        format!("urn:digester:problem:{}", self.slug())
    }

    /// The short title of the kind.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "the request cannot be understood",
            Self::Invalid => "the request cannot be carried out as it is",
            Self::Unauthorized => "who asks is not known",
            Self::Forbidden => "not allowed",
            Self::NotFound => "there is no such thing",
            Self::MethodNotAllowed => "the method does not fit",
            Self::Conflict => "it exists already, and differs",
            Self::StaleAttempt => "another attempt holds the job",
            Self::IllegalMove => "the job cannot move there",
            Self::TooLarge => "the body is too large",
            Self::UnsupportedMediaType => "the body is not JSON",
            Self::TooManyRequests => "tried too often",
            Self::Unavailable => "try again later",
            Self::Internal => "the service is at fault",
        }
    }

    const fn slug(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Invalid => "invalid",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Conflict => "conflict",
            Self::StaleAttempt => "stale-attempt",
            Self::IllegalMove => "illegal-move",
            Self::TooLarge => "too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::TooManyRequests => "too-many-requests",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// A problem as it goes over the wire, `application/problem+json`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI that names the kind: `urn:digester:problem:` and the kind's name.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status, again.
    pub status: u16,
    /// What is wrong this time, and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The line at fault in the text that was sent, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in that line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// How the job it is about really stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Box<Job>>,
}

impl Problem {
    /// The media type of a problem.
    pub const MEDIA_TYPE: &str = "application/problem+json";

    /// A problem of this kind, with what is wrong this time.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind: kind.uri(),
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: Some(detail.into()),
            line: None,
            column: None,
            job: None,
        }
    }

    /// The same, with the place at fault in the text that was sent.
    #[must_use]
    pub fn at(self, line: Option<usize>, column: Option<usize>) -> Self {
        Self { line, column, ..self }
    }
}
