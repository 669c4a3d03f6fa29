use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AskId, Blocker, Demand};

/// Why a job waits, what would lift it, its place, and when it may start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The job.
    pub id: AskId,
    /// Seconds it has waited so far.
    pub waited_s: f64,
    /// Everything in its way; empty means that the next admission takes it.
    pub blockers: Vec<Blocker>,
    /// Where it stands.
    pub place: Place,
    /// What is counted for it: as asked, or as learned.
    pub demand: Demand,
    /// When it is expected to start.
    pub estimate: Option<Estimate>,
}

/// Where a job stands among those that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The queue it stands in: a tenant where tenants share the node, else empty.
    pub queue: String,
    /// Its place in that queue; 1 is the next.
    pub position: u64,
    /// How many wait in that queue.
    pub queue_length: u64,
    /// How many wait in all.
    pub waiting: u64,
    /// By what they are ordered, in words.
    pub order: String,
}

/// When a waiting job is expected to start; a guess that grows better as it comes near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Not before this, unless running jobs end sooner than expected.
    pub earliest: Timestamp,
    /// At about this time, if those ahead of it run as long as expected.
    pub likely: Timestamp,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { position, queue_length, queue, order, .. } = &self.place;
        write!(f, "is number {position} of {queue_length}")?;
        if !queue.is_empty() {
            write!(f, " for {queue}")?;
        }
        write!(f, ", {order}")?;
        self.blockers.iter().try_for_each(|blocker| write!(f, "; {}", blocker.text))?;
        match self.estimate {
            Some(Estimate { likely, .. }) => write!(f, "; may start at about {likely:.0}"),
            None => Ok(()),
        }
    }
}
