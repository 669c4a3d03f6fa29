//! Whether a job's history is one that may be.

use schema::JobStatus;

/// A line of a job's history, as far as it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The status after it.
    pub(crate) status: JobStatus,
    /// The attempt it belongs to.
    pub(crate) attempt: u32,
}

/// Says what is wrong with a history, if anything is.
///
/// It begins with a job that is submitted, makes only moves of the table of moves, counts attempts
/// one by one, and ends with the only event that settles the job.
pub(crate) fn fault(events: &[Event]) -> Option<String> {
    let [first, rest @ ..] = events else { return Some("it has no history".to_owned()) };
    if (first.status, first.attempt) != (JobStatus::Submitted, 0) {
        return Some(format!("it begins {}", first.status));
    }
    let mut before = first;
    for event in rest {
        if !may_follow(*before, *event) {
            return Some(format!(
                "it went from {} in attempt {} to {} in attempt {}",
                before.status, before.attempt, event.status, event.attempt
            ));
        }
        before = event;
    }
    (!before.status.is_settled()).then(|| format!("it ends {}", before.status))
}

fn may_follow(before: Event, event: Event) -> bool {
    if before.status == event.status {
        return !before.status.is_settled() && before.attempt == event.attempt;
    }
    let next = before.attempt + 1;
    before.status.may_become(event.status)
        && match (before.status, event.status) {
            (_, JobStatus::Running) => event.attempt == next,
            // A node that ends a job which waits speaks for the attempt that would have been next.
            (JobStatus::Submitted, _) => [before.attempt, next].contains(&event.attempt),
            _ => event.attempt == before.attempt,
        }
}

#[cfg(test)]
mod tests {
    use JobStatus::{Completed, Failed, Running, Submitted};

    use super::*;

    fn judged(path: &[(JobStatus, u32)]) -> bool {
        let events = path.iter().map(|&(status, attempt)| Event { status, attempt });
        fault(&events.collect::<Vec<_>>()).is_none()
    }

    #[test]
    fn a_job_may_be_cut_short_and_done_again() {
        let cut = [(Submitted, 0), (Running, 1), (Running, 1), (Submitted, 1), (Running, 2)];
        assert!(!judged(&cut), "it is not settled");
        assert!(judged(&[&cut[..], &[(Failed, 2)]].concat()));
    }

    #[test]
    fn gaps_repeats_and_life_after_the_end_are_found() {
        assert!(!judged(&[]));
        assert!(!judged(&[(Running, 1), (Completed, 1)]));
        assert!(!judged(&[(Submitted, 0), (Completed, 1)]));
        assert!(!judged(&[(Submitted, 0), (Running, 2), (Completed, 2)]));
        let settled = [(Submitted, 0), (Running, 1), (Completed, 1)];
        assert!(judged(&settled));
        assert!(!judged(&[&settled[..], &[(Completed, 1)]].concat()));
        assert!(!judged(&[&settled[..], &[(Running, 2)]].concat()));
    }
}
