//! Who is told of the end of a job, and whether they have been.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{JobId, Limit};

/// Somebody who is to be told of the end of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// A URL that is sent a signed request (Standard Webhooks).
    Webhook(String),
    /// An e-mail address.
    Email(String),
    /// Another server that is shown how the job stands, from its beginning on, by the name that it has
    /// here.
    Mirror(String),
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(to) | Self::Email(to) | Self::Mirror(to) => f.write_str(to),
        }
    }
}

/// How far it has come to tell somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationStatus {
    /// It is tried, now and again.
    Pending,
    /// They took it.
    Sent,
    /// It was given up; somebody may have it sent again.
    Dead,
}

impl NotificationStatus {
    const ALL: [Self; 3] = [Self::Pending, Self::Sent, Self::Dead];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }
}

impl fmt::Display for NotificationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no such status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a notification is pending, sent or dead, and not {0:?}")]
pub struct UnknownNotificationStatus(String);

impl FromStr for NotificationStatus {
    type Err = UnknownNotificationStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == text);
        found.ok_or_else(|| UnknownNotificationStatus(text.to_owned()))
    }
}

/// What is told to one of those who are to be told of the end of a job.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    /// Its number.
    pub id: i64,
    /// The job that came to its end.
    pub job: JobId,
    /// Who is told.
    pub to: Notify,
    /// How far it has come.
    pub status: NotificationStatus,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    /// Why the last try failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When the job came to its end.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last tried.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// Which notifications to list, the newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationFilter {
    /// Only those that have come so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<NotificationStatus>,
    /// Only those of this job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<uuid::Uuid>)]
    pub job: Option<JobId>,
    /// Where the page begins: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// How many at most; 50 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    pub limit: Option<Limit>,
}
