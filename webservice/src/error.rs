//! What can go wrong while a request is answered, and the answer it gets.

use std::{sync::Arc, time::Duration};

use axum::response::{IntoResponse, Response};
use edge::Answer;
use schema::{Job, JobId, JobStatus, Key, Kind, NodeId, Problem, ProblemKind, Role};
use tracing::{error, warn};

use crate::app::Refusal;
use uuid::Uuid;

/// How long a caller should wait when the database is away, in seconds.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 2;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("there is no job {0}")]
    NoSuchJob(JobId),
    #[error("there is no instruction {0}")]
    NoSuchInstruction(Key),
    #[error("there is no node {0}")]
    NoSuchNode(NodeId),
    #[error("a later process goes by the name {0}; no two nodes may share one")]
    NameTaken(NodeId),
    #[error("as many histories are followed as may be; try again")]
    TooManyStreams,
    #[error("as many instructions are looked at as may be; try again")]
    TooManyPreviews,
    #[error("nobody can tell what would become of an instruction of kind “{kind}”: {}", .why.text)]
    NoPreview { kind: Kind, why: Unseen },
    #[error("files cannot be had here: the operator has not switched downloads on")]
    NoDownloads,
    #[error("there is no notification {0} that was given up")]
    NoDeadNotification(i64),
    #[error("the digester service that has the file does not answer")]
    NodeAway,
    #[error("say who you are: with a password (Basic) or a token (Bearer), or log in")]
    Unknown,
    #[error("you may not {role} here{}", of_tenant(.tenant.as_deref()))]
    NotAllowed { role: Role, tenant: Option<String> },
    #[error("node {0} has keys of its own: its calls must be signed with them")]
    HasKeys(NodeId),
    #[error("node {0} speaks for itself, and of what it has itself, alone")]
    OnlyItsOwn(NodeId),
    #[error("job {0} was not handed to this node")]
    NotHanded(JobId),
    #[error("too many logins failed; try again in {} s", .wait.as_secs() + 1)]
    TooManyTries { wait: Duration },
    #[error("the directory that knows the passwords does not answer")]
    DirectoryAway,
    #[error("the issuer of tokens does not show its keys")]
    IssuerAway,
    #[error("there is no token {0}")]
    NoSuchToken(Uuid),
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Refused(Refusal),
    #[error("the instruction could not be checked")]
    CheckFailed,
    #[error("there is an instruction {key} already, and it says something else")]
    KeyTaken { key: Key },
    #[error("job {id} is known, and differs")]
    JobDiffers { id: JobId },
    #[error("job {id} is not known, and its instruction did not come with it")]
    InstructionMissing { id: JobId },
    #[error("attempt {said} no longer holds the job; attempt {holds} does")]
    StaleAttempt { said: u32, holds: u32 },
    #[error("a job that is {from} {}", not_to(*.to))]
    IllegalMove { from: JobStatus, to: Option<JobStatus> },
    #[error("job {id} is {status}; only a settled job can be done over")]
    Unsettled { id: JobId, status: JobStatus },
    #[error("could not {doing}")]
    Database {
        doing: &'static str,
        #[source]
        source: Arc<sqlx::Error>,
    },
}

/// Why nobody can tell what would become of an instruction.
#[derive(Debug)]
pub(crate) struct Unseen {
    pub(crate) text: String,
    /// Whether it may be otherwise a little later.
    pub(crate) is_passing: bool,
}

impl ApiError {
    fn kind(&self) -> ProblemKind {
        match self {
            Self::NoSuchJob(_)
            | Self::NoSuchInstruction(_)
            | Self::NoDeadNotification(_)
            | Self::NoSuchNode(_)
            | Self::NoSuchToken(_) => ProblemKind::NotFound,
            Self::Unknown | Self::HasKeys(_) => ProblemKind::Unauthorized,
            Self::NotAllowed { .. } | Self::OnlyItsOwn(_) | Self::NotHanded(_) => {
                ProblemKind::Forbidden
            }
            Self::TooManyTries { .. } => ProblemKind::TooManyRequests,
            Self::KeyTaken { .. } | Self::JobDiffers { .. } | Self::NameTaken(_) => {
                ProblemKind::Conflict
            }
            Self::StaleAttempt { .. } => ProblemKind::StaleAttempt,
            Self::IllegalMove { .. } | Self::Unsettled { .. } => ProblemKind::IllegalMove,
            Self::TooManyStreams
            | Self::TooManyPreviews
            | Self::NoPreview { why: Unseen { is_passing: true, .. }, .. }
            | Self::NodeAway
            | Self::DirectoryAway
            | Self::IssuerAway => ProblemKind::Unavailable,
            Self::Invalid(_)
            | Self::Refused(_)
            | Self::NoPreview { .. }
            | Self::InstructionMissing { .. } => ProblemKind::Invalid,
            Self::NoDownloads => ProblemKind::Forbidden,
            Self::Database { source, .. } if is_outage(source) => ProblemKind::Unavailable,
            Self::Database { source, .. } if is_unstorable(source) => ProblemKind::Invalid,
            Self::CheckFailed | Self::Database { .. } => ProblemKind::Internal,
        }
    }

    /// Whether the same request may well succeed a little later.
    pub(crate) fn is_passing(&self) -> bool {
        self.kind() == ProblemKind::Unavailable
    }

    /// Whether a statement was ended because it took too long.
    pub(crate) fn is_too_slow(&self) -> bool {
        matches!(self, Self::Database { source, .. } if is_of_class(source, &["57014"]))
    }

    /// The problem that the caller reads; what is ours to know goes to the log.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::Database { source, .. } if is_unstorable(source) => {
                return Problem::new(self.kind(), format!("{self}: {source}"));
            }
            Self::Database { source, .. } if is_outage(source) => {
                warn!(error = source as &dyn std::error::Error, "{self}");
            }
            Self::Database { source, .. } => {
                error!(error = source as &dyn std::error::Error, "{self}");
            }
            Self::Refused(Refusal { message, line, column }) => {
                return Problem::new(self.kind(), message).at(*line, *column);
            }
            _ => {}
        }
        Problem::new(self.kind(), self.to_string())
    }

    /// The problem, with how the job really stands.
    pub(crate) fn problem_with(&self, job: Option<Job>) -> Problem {
        Problem { job: job.map(Box::new), ..self.problem() }
    }
}

fn of_tenant(tenant: Option<&str>) -> String {
    tenant.map(|tenant| format!(", with what is of {tenant}")).unwrap_or_default()
}

fn not_to(goal: Option<JobStatus>) -> String {
    match goal {
        Some(to) => format!("cannot become {to}"),
        None => "takes no more news".to_owned(),
    }
}

/// Whether the same may well succeed a little later: the database is away, or gave this up in
/// favour of somebody else (class 40).
pub(crate) fn is_outage(error: &sqlx::Error) -> bool {
    is_away(error) || is_of_class(error, &["40"])
}

/// Whether the database is away, or too slow for now, as opposed to displeased.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        // Class 57: shut down by its operator, not up yet, or longer at it than a statement may be;
        // class 53: out of something; 08: cut; 42P01, 42703: the tables, or columns of them, are
        // still being made.
        sqlx::Error::Database(_) => {
            is_of_class(error, &["57P", "57014", "53", "08", "42P01", "42703"])
        }
        _ => false,
    }
}

/// Whether the fault is in what was to be stored: class 22, data that no column can hold (a NUL in
/// a text); class 54, nesting beyond every limit.
fn is_unstorable(error: &sqlx::Error) -> bool {
    is_of_class(error, &["22", "54"])
}

fn is_of_class(error: &sqlx::Error, classes: &[&str]) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let answer = Answer::from(self.problem());
        match &self {
            Self::TooManyTries { wait } => {
                answer.retry_after(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX) + 1)
            }
            _ if self.is_passing() => answer.retry_after(RETRY_AFTER_SECONDS),
            _ => answer,
        }
        .into_response()
    }
}

/// Says what was being done when the database failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, ApiError>;
}

impl<T> Doing<T> for sqlx::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T, ApiError> {
        self.map_err(Arc::new).doing(doing)
    }
}

/// An error that several requests share.
impl<T> Doing<T> for Result<T, Arc<sqlx::Error>> {
    fn doing(self, doing: &'static str) -> Result<T, ApiError> {
        self.map_err(|source| ApiError::Database { doing, source })
    }
}
