//! What can go wrong while a request is answered, and the answer it gets.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use edge::Answer;
use schema::{JobId, JobStatus, Kind, Problem, ProblemKind};

/// How long a caller should wait when the node is full, in seconds.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("this node holds {held} jobs, as many as it may; try again")]
    Full { held: usize },
    #[error("this node is stopping; try another, or this one later")]
    Stopping,
    #[error("this node has no digester for “{kind}”; it has {known}")]
    UnknownKind { kind: Kind, known: String },
    #[error("job {0} came without its instruction")]
    InstructionMissing(JobId),
    #[error("job {id} can never run on this node: {why}")]
    NeverFits { id: JobId, why: String },
    #[error("this node may not report to {target}; its configuration allows {allowed}")]
    ForeignCallback { target: String, allowed: String },
    #[error("the web service does not take the job: {0}")]
    Refused(crate::callback::Refusal),
    #[error("job {0} is {1} already")]
    Settled(JobId, JobStatus),
    #[error("the web service does not answer; the job was not taken")]
    CallbackAway,
    #[error("this node does not hold job {0}")]
    NoSuchJob(JobId),
    #[error("this node looks at as many instructions as it may; try again")]
    TooManyPreviews,
    #[error("instructions of kind “{0}” cannot be looked at beforehand")]
    NoPreview(Kind),
    #[error("a look at the instruction took longer than {} s", .0.as_secs())]
    PreviewTookTooLong(Duration),
    #[error("this node sends as many files as it may; try again")]
    TooManyDownloads,
    #[error("the web service knows no job {0}")]
    UnknownJob(JobId),
    #[error("the web service does not tell what job {0} wrote; try again")]
    NoReport(JobId),
    #[error("the report of job {id} names no file “{name}”")]
    NoSuchFile { id: JobId, name: String },
    #[error("“{0}” is not where it was written any more, or may not be sent from there")]
    FileGone(String),
    #[error("“{name}” has {bytes} bytes now, and not {reported} as when the job wrote it")]
    FileChanged { name: String, bytes: u64, reported: u64 },
    #[error("at most {most} jobs at once, these are {count}")]
    TooMany { most: usize, count: usize },
}

impl ApiError {
    const fn kind(&self) -> ProblemKind {
        match self {
            Self::Full { .. }
            | Self::Stopping
            | Self::CallbackAway
            | Self::NoReport(_)
            | Self::TooManyPreviews
            | Self::TooManyDownloads
            | Self::PreviewTookTooLong(_) => ProblemKind::Unavailable,
            Self::UnknownKind { .. }
            | Self::InstructionMissing(_)
            | Self::NeverFits { .. }
            | Self::NoPreview(_)
            | Self::TooMany { .. } => ProblemKind::Invalid,
            Self::ForeignCallback { .. } => ProblemKind::Forbidden,
            Self::Refused(_) | Self::Settled(..) | Self::FileChanged { .. } => {
                ProblemKind::Conflict
            }
            Self::NoSuchJob(_)
            | Self::UnknownJob(_)
            | Self::NoSuchFile { .. }
            | Self::FileGone(_) => ProblemKind::NotFound,
        }
    }
}

impl ApiError {
    /// The problem that the caller reads.
    pub(crate) fn problem(&self) -> Problem {
        Problem::new(self.kind(), self.to_string())
    }

    /// When it is worth asking again, in seconds, if it is.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        (self.kind() == ProblemKind::Unavailable).then_some(RETRY_AFTER_SECONDS)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let answer = Answer::from(self.problem());
        match self.retry_after() {
            Some(seconds) => answer.retry_after(seconds),
            None => answer,
        }
        .into_response()
    }
}
