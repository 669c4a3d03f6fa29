//! Where a job is, and where it may go from there.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a job is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Accepted and waiting for a digester.
    Submitted,
    /// Held by one attempt of one node.
    Running,
    /// Digested; the report tells what was written.
    Completed,
    /// Given up; the report tells why.
    Failed,
    /// Stopped because somebody asked for it.
    Cancelled,
}

use JobStatus::{Cancelled, Completed, Failed, Running, Submitted};

impl JobStatus {
    /// Every status, in the order of a job's way.
    pub const ALL: [Self; 5] = [Submitted, Running, Completed, Failed, Cancelled];

    /// The only place that knows the moves; handlers, store and tests all ask it.
    ///
    /// ```
    /// use schema::JobStatus::{Completed, Running, Submitted};
    /// assert!(Submitted.may_become(Running));
    /// assert!(!Completed.may_become(Running));
    /// ```
    #[must_use]
    pub const fn may_become(self, to: Self) -> bool {
        match self {
            Submitted => matches!(to, Running | Failed | Cancelled),
            Running => matches!(to, Submitted | Completed | Failed | Cancelled),
            Completed | Failed | Cancelled => false,
        }
    }

    /// Whether the job has reached its end.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Completed | Failed | Cancelled)
    }

    /// Every status from which this one may be reached.
    pub fn predecessors(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |from| from.may_become(self))
    }

    /// The word on the wire and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Submitted => "submitted",
            Running => "running",
            Completed => "completed",
            Failed => "failed",
            Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no job status; there are submitted, running, completed, failed and cancelled")]
pub struct UnknownStatus(String);

impl FromStr for JobStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settled_job_moves_no_more() {
        for from in JobStatus::ALL.into_iter().filter(|status| status.is_settled()) {
            assert!(JobStatus::ALL.into_iter().all(|to| !from.may_become(to)), "{from}");
        }
    }

    #[test]
    fn every_status_can_be_reached_and_every_unsettled_one_left() {
        for status in JobStatus::ALL {
            assert!(status == JobStatus::Submitted || status.predecessors().next().is_some());
            let leaves = JobStatus::ALL.into_iter().any(|to| status.may_become(to));
            assert_eq!(leaves, !status.is_settled(), "{status}");
        }
    }

    #[test]
    fn no_status_follows_itself() {
        assert!(JobStatus::ALL.into_iter().all(|status| !status.may_become(status)));
    }

    #[test]
    fn the_word_parses_back() {
        for status in JobStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert!("pending".parse::<JobStatus>().is_err());
    }
}
