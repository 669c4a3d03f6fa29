//! What nodes have been handed, and the tables do not say yet.

use std::{collections::BTreeSet, time::Duration};

use schema::{JobId, NodeId};
use tokio::time::Instant;
use uuid::Uuid;

/// How long to wait for a node to claim what it was handed, which says who has it: noting it before
/// would be one version of the job's row more.
const NOTE_AFTER: Duration = Duration::from_millis(500);
/// How much may be waited for.
const MAX: usize = 2000;

/// Jobs with the attempts they have had, and who took them.
///
/// When the process ends before this is noted, they are offered again: whoever claims first has them.
#[derive(Debug, Default)]
pub(super) struct Handed {
    jobs: Vec<(JobId, i32, NodeId)>,
    since: Option<Instant>,
}

impl Handed {
    pub(super) fn add(&mut self, taken: Vec<(JobId, i32, NodeId)>, now: Instant) {
        self.since.get_or_insert(now);
        self.jobs.extend(taken);
    }

    /// Nobody has any more what these nodes were handed.
    pub(super) fn forget(&mut self, nodes: &BTreeSet<NodeId>) {
        self.jobs.retain(|(_, _, node)| !nodes.contains(node));
    }

    /// When it is to be noted.
    pub(super) fn due(&self) -> Option<Instant> {
        let wait = if self.jobs.len() < MAX { NOTE_AFTER } else { Duration::ZERO };
        self.since.map(|since| since + wait)
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    pub(super) fn all(&self) -> &[(JobId, i32, NodeId)] {
        &self.jobs
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = Uuid> {
        self.jobs.iter().map(|(id, _, _)| id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(count: usize) -> Vec<(JobId, i32, NodeId)> {
        (0..count).map(|_| (JobId::mint(), 0, NodeId::new("n").unwrap())).collect()
    }

    #[test]
    fn what_was_handed_over_first_says_when_it_is_noted() {
        let (mut handed, now) = (Handed::default(), Instant::now());
        assert!(!handed.is_due(now + 2 * NOTE_AFTER));
        handed.add(jobs(1), now);
        handed.add(jobs(1), now + NOTE_AFTER / 2);
        assert!(!handed.is_due(now));
        assert!(handed.is_due(now + NOTE_AFTER));
        assert_eq!(handed.all().len(), 2);
    }

    #[test]
    fn what_a_node_was_handed_that_begins_anew_is_forgotten() {
        let mut handed = Handed::default();
        handed.add(jobs(2), Instant::now());
        handed.forget(&BTreeSet::from([NodeId::new("other").unwrap()]));
        assert_eq!(handed.jobs().count(), 2);
        handed.forget(&BTreeSet::from([NodeId::new("n").unwrap()]));
        assert_eq!(handed.jobs().count(), 0);
    }

    #[test]
    fn much_is_noted_at_once() {
        let (mut handed, now) = (Handed::default(), Instant::now());
        handed.add(jobs(MAX), now);
        assert!(handed.is_due(now));
    }
}
