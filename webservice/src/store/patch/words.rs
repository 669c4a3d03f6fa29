//! What an attempt says of a job in a row, to be taken as if it were said in one word.

use std::collections::{HashMap, HashSet};

use schema::{AddressedPatch, JobId, JobPatch, JobStatus};
use serde::Serialize;

use super::storable;

/// Patches of one attempt, of which only the last may move the job; with their places in the batch.
#[derive(Debug)]
pub(super) struct Words<'a> {
    pub(super) id: JobId,
    /// Never empty.
    patches: Vec<(usize, &'a JobPatch)>,
}

/// An event of a running job, as a row of it is read.
#[derive(Serialize)]
struct Event {
    stage: Option<String>,
    message: Option<String>,
}

impl<'a> Words<'a> {
    pub(super) fn last(&self) -> (usize, &'a JobPatch) {
        self.patches[self.patches.len() - 1]
    }

    /// All but the last.
    pub(super) fn earlier(&self) -> &[(usize, &'a JobPatch)] {
        &self.patches[..self.patches.len() - 1]
    }

    /// The newest there is of something that patches may say.
    pub(super) fn newest<T>(&self, of: impl Fn(&'a JobPatch) -> Option<T>) -> Option<T> {
        self.patches.iter().rev().find_map(|(_, patch)| of(patch))
    }

    /// The same, of what a job loses when it is handed back, to begin anew.
    pub(super) fn standing<T>(&self, of: impl Fn(&'a JobPatch) -> Option<T>) -> Option<T> {
        match self.last().1 {
            last if last.status == Some(JobStatus::Submitted) => of(last),
            _ => self.newest(of),
        }
    }

    /// What the row must not have heard of, if anything: a move alone is never too late, but what
    /// comes along with it must not be told twice.
    pub(super) fn news_from(&self) -> Option<u32> {
        let (_, first) = self.patches[0];
        first.status.is_none().then_some(first.sequence)
    }

    /// The events before the last word, as JSON.
    pub(super) fn earlier_events(&self) -> Option<String> {
        let event = |patch: &JobPatch| Event {
            stage: patch.stage.as_deref().map(storable),
            message: patch.message.as_deref().map(storable),
        };
        let events = self.earlier().iter().filter(|(_, patch)| patch.is_event());
        let events: Vec<_> = events.map(|(_, patch)| event(patch)).collect();
        let json = || serde_json::to_string(&events).expect("texts are JSON");
        (!events.is_empty()).then(json)
    }

    /// Whether the patch goes on where these end.
    fn goes_on(&self, patch: &JobPatch) -> bool {
        let (_, last) = self.last();
        last.status.is_none()
            && patch.status != Some(JobStatus::Running)
            && (patch.attempt, &patch.node) == (last.attempt, &last.node)
            && patch.sequence > last.sequence
            && !last.cut_short
            && last.report.is_none()
    }
}

/// What is said of each job, in as few words as can be, in their order.
pub(super) fn gather(patches: &[AddressedPatch]) -> Vec<Words<'_>> {
    let mut all: Vec<Words<'_>> = Vec::with_capacity(patches.len());
    let mut newest = HashMap::with_capacity(patches.len());
    for (place, AddressedPatch { id, patch, .. }) in patches.iter().enumerate() {
        match newest.get(id).map(|&at: &usize| &mut all[at]) {
            Some(words) if words.goes_on(patch) => words.patches.push((place, patch)),
            _ => {
                newest.insert(*id, all.len());
                all.push(Words { id: *id, patches: vec![(place, patch)] });
            }
        }
    }
    all
}

/// The first words of each job, and what is left: one statement updates a row once.
pub(super) fn distinct(words: Vec<Words<'_>>) -> (Vec<Words<'_>>, Vec<Words<'_>>) {
    let mut seen = HashSet::with_capacity(words.len());
    words.into_iter().partition(|words| seen.insert(words.id))
}

/// Those that are done with, and one by one those that were not taken as a whole.
pub(super) fn apart<'a>(
    said: Vec<Words<'a>>,
    is_taken: impl Fn(&Words<'a>) -> bool,
) -> (Vec<Words<'a>>, Vec<Words<'a>>) {
    let (done, whole): (Vec<_>, Vec<_>) =
        said.into_iter().partition(|words| words.earlier().is_empty() || is_taken(words));
    let alone = |words: Words<'a>| {
        let id = words.id;
        words.patches.into_iter().map(move |patch| Words { id, patches: vec![patch] })
    };
    (done, whole.into_iter().flat_map(alone).collect())
}

#[cfg(test)]
mod tests {
    use schema::NodeId;

    use super::*;

    fn says(id: JobId, sequence: u32, status: Option<JobStatus>) -> AddressedPatch {
        let patch = serde_json::json!({
            "attempt": 1, "sequence": sequence, "node": "n", "status": status, "message": "m",
        });
        let patch = serde_json::from_value(patch).unwrap();
        AddressedPatch { id, patch, traceparent: None }
    }

    /// The places of the patches that go together.
    fn places(patches: &[AddressedPatch]) -> Vec<Vec<usize>> {
        let places =
            |words: Words<'_>| words.patches.iter().map(|(place, _)| *place).collect::<Vec<_>>();
        gather(patches).into_iter().map(places).collect()
    }

    #[test]
    fn stages_go_with_the_outcome_that_follows_and_jobs_apart() {
        let (one, two) = (JobId::mint(), JobId::mint());
        let done = Some(JobStatus::Completed);
        let patches =
            [says(one, 1, None), says(two, 1, None), says(one, 2, None), says(one, 3, done)];
        assert_eq!(places(&patches), [vec![0, 2, 3], vec![1]]);
    }

    #[test]
    fn nothing_goes_with_a_claim_nor_after_a_move_nor_with_another_attempt_or_what_is_late() {
        let job = JobId::mint();
        let claim = says(job, 0, Some(JobStatus::Running));
        let stage = says(job, 1, None);
        assert_eq!(places(&[claim.clone(), stage.clone()]), [[0], [1]]);
        assert_eq!(places(&[stage.clone(), claim]), [[0], [1]]);
        assert_eq!(places(&[stage.clone(), stage.clone()]), [[0], [1]]);
        let mut next = says(job, 2, None);
        next.patch.attempt = 2;
        assert_eq!(places(&[stage.clone(), next]), [[0], [1]]);
        let mut elsewhere = says(job, 2, None);
        elsewhere.patch.node = NodeId::new("other").unwrap();
        assert_eq!(places(&[stage, elsewhere]), [[0], [1]]);
    }

    #[test]
    fn what_is_not_taken_as_a_whole_is_tried_one_by_one() {
        let (one, two) = (JobId::mint(), JobId::mint());
        let patches = [says(one, 1, None), says(one, 2, None), says(two, 1, None)];
        let (done, alone) = apart(gather(&patches), |_| false);
        assert_eq!(done.iter().map(|words| words.id).collect::<Vec<_>>(), [two]);
        assert_eq!(alone.iter().map(|words| words.last().0).collect::<Vec<_>>(), [0, 1]);
    }
}
