//! What can go wrong, and the answer it gets.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    backend::BackendError,
    crop::CropId,
    envelope::{Stamp, seal},
};

/// How long a client should wait when the service behind is away, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// One message of an envelope, as the user reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Message {
    #[serde(rename = "gobiiStatusLevel")]
    level: &'static str,
    #[serde(rename = "gobiiValidationStatusType")]
    kind: &'static str,
    #[serde(rename = "message")]
    text: String,
}

impl Message {
    fn new(level: &'static str, kind: &'static str, text: impl Into<String>) -> Self {
        Self { level, kind, text: text.into() }
    }

    /// Something is wrong, and GOBii has no finer word for it.
    pub(super) fn error(text: impl Into<String>) -> Self {
        Self::new("ERROR", "NONE", text)
    }

    /// The request makes no sense as it is.
    pub(super) fn bad_request(text: impl Into<String>) -> Self {
        Self::new("ERROR", "BAD_REQUEST", text)
    }

    /// Something that must be given is not.
    pub(super) fn missing(text: impl Into<String>) -> Self {
        Self::new("VALIDATION", "MISSING_REQUIRED_VALUE", text)
    }

    /// Something that must be there is not.
    pub(super) fn not_there(text: impl Into<String>) -> Self {
        Self::new("VALIDATION", "ENTITY_DOES_NOT_EXIST", text)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The message's key in the map of messages, where `n` makes it unique.
    pub(super) fn code(&self, n: usize) -> String {
        format!("{n}-{}-{}", self.level, self.kind)
    }
}

/// Why a call was not carried out.
#[derive(Debug)]
pub(super) enum GobiiError {
    /// Nobody we know.
    Unauthorized,
    /// Somebody we know, but not who it is.
    NoContact { user: String, crop: CropId },
    /// Too many logins failed; another may be tried after this time.
    TooManyTries { wait: Duration },
    /// The request is wrong in these respects.
    Refused(Vec<Message>),
    /// The instruction's name is taken.
    Exists(String),
    /// No such call is offered.
    NotOffered(String),
    /// The body is larger than allowed.
    TooLarge { limit: usize },
    /// The body did not arrive whole.
    Incomplete,
    /// The server that was there before does not answer.
    UpstreamAway,
    /// The service behind cannot answer at the moment.
    Unavailable,
    /// The service is at fault.
    Internal,
}

impl GobiiError {
    /// Never 400, 401, 404, 405 or 406 where the text matters: clients show their own instead.
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NoContact { .. } | Self::TooManyTries { .. } => StatusCode::FORBIDDEN,
            Self::Refused(_) | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Exists(_) => StatusCode::CONFLICT,
            Self::NotOffered(_) => StatusCode::NOT_IMPLEMENTED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Incomplete => StatusCode::REQUEST_TIMEOUT,
            Self::Unavailable | Self::UpstreamAway => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn messages(self) -> Vec<Message> {
        let message = match self {
            Self::Refused(messages) => return messages,
            Self::Unauthorized => Message::error("The user name, password or token is wrong"),
            Self::NoContact { user, crop } => Message::error(missing_contact(&user, &crop)),
            Self::TooManyTries { wait } => Message::error(too_many_tries(wait)),
            Self::Exists(name) => {
                Message::error(format!("The specified loader job already exists: {name}"))
            }
            Self::NotOffered(call) => {
                Message::error(format!("This server does not offer the call {call}"))
            }
            Self::TooLarge { limit } => Message::bad_request(format!(
                "The request is larger than this server takes ({limit} bytes)"
            )),
            Self::Incomplete => Message::bad_request("The request did not arrive whole; try again"),
            Self::UpstreamAway => Message::error(
                "The GOBii server behind this one does not answer; try again in a few seconds",
            ),
            Self::Unavailable => Message::error(
                "The server cannot reach its database at the moment; try again in a few seconds",
            ),
            Self::Internal => Message::error("The server failed; its log tells why"),
        };
        vec![message]
    }

    /// The answer: an envelope, but for the texts at login, which clients show as they are.
    pub(super) fn into_response(self, stamp: &Stamp<'_>) -> Response {
        match &self {
            Self::NoContact { user, crop } => {
                return (self.status(), missing_contact(user, crop)).into_response();
            }
            Self::TooManyTries { wait } => {
                return (self.status(), too_many_tries(*wait)).into_response();
            }
            _ => {}
        }
        let (status, unavailable) =
            (self.status(), matches!(self, Self::Unavailable | Self::UpstreamAway));
        let mut response = seal(status, &[], &self.messages(), stamp);
        if unavailable {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}

fn missing_contact(user: &str, crop: &CropId) -> String {
    format!(
        "Missing contact info for user {user} in crop database {crop}; \
         a contact record must have username = {user}"
    )
}

fn too_many_tries(wait: Duration) -> String {
    format!("Too many logins failed; try again in {} seconds", wait.as_secs() + 1)
}

impl From<Message> for GobiiError {
    fn from(message: Message) -> Self {
        Self::Refused(vec![message])
    }
}

impl From<BackendError> for GobiiError {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Unavailable => Self::Unavailable,
            BackendError::Internal => Self::Internal,
        }
    }
}
