//! What the web service is to do with what is said of a job, in its simplest form.

use schema::{JobPatch, JobStatus, NodeId};

use JobStatus::{Cancelled, Running, Submitted};

/// A job as it ought to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Model {
    /// Where it is.
    pub(crate) status: JobStatus,
    /// The attempt that holds or held it.
    pub(crate) attempt: u32,
    /// Whether somebody asked for its end.
    pub(crate) cancel_requested: bool,
    node: Option<NodeId>,
    sequence: u32,
    last: Option<String>,
}

/// What is to be answered to a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It is taken, now or before: 200.
    Taken,
    /// It changes nothing: 200 for a repeat, 409 for the rest.
    Unchanged,
}

impl Model {
    /// A job just accepted.
    pub(crate) const fn new() -> Self {
        Self {
            status: Submitted,
            attempt: 0,
            cancel_requested: false,
            node: None,
            sequence: 0,
            last: None,
        }
    }

    /// Takes a patch, or does not.
    pub(crate) fn patch(&mut self, patch: &JobPatch) -> Expected {
        let text = serde_json::to_string(patch).expect("a patch is JSON");
        if !self.takes(patch) {
            let repeated = self.last.as_ref() == Some(&text);
            return if repeated { Expected::Taken } else { Expected::Unchanged };
        }
        self.sequence = match patch.attempt == self.attempt {
            true => self.sequence.max(patch.sequence),
            false => patch.sequence,
        };
        self.attempt = patch.attempt;
        self.status = patch.status.unwrap_or(self.status);
        self.node = (patch.status != Some(Submitted)).then(|| patch.node.clone());
        self.last = Some(text);
        Expected::Taken
    }

    /// An attempt of this node, or its waiting, is over without a word; `false` if it is not so.
    #[cfg(test)]
    pub(crate) fn lose(&mut self, attempt: u32) -> bool {
        let lost = self.status == Running && self.attempt == attempt;
        if lost {
            self.status = if self.cancel_requested { Cancelled } else { Submitted };
            self.node = None;
        }
        lost
    }

    fn takes(&self, patch: &JobPatch) -> bool {
        let begins =
            self.status == Submitted && patch.attempt == self.attempt + 1 && patch.status.is_some();
        let goes_on = self.status == Running
            && patch.attempt == self.attempt
            && Some(&patch.node) == self.node.as_ref()
            && (patch.status.is_some() || patch.sequence > self.sequence);
        (begins || goes_on) && patch.status.is_none_or(|to| self.status.may_become(to))
    }

    /// Somebody asks for its end.
    pub(crate) fn cancel(&mut self) {
        if self.status.is_settled() {
            return;
        }
        self.cancel_requested = true;
        if self.status == Submitted {
            self.status = Cancelled;
            self.last = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(attempt: u32, sequence: u32, status: Option<JobStatus>) -> JobPatch {
        JobPatch {
            attempt,
            sequence,
            node: NodeId::new("a").unwrap(),
            status,
            demand: None,
            cut_short: false,
            stage: None,
            progress: None,
            message: None,
            report: None,
        }
    }

    #[test]
    fn a_stale_attempt_changes_nothing_and_a_repeat_is_harmless() {
        let mut model = Model::new();
        let claim = patch(1, 0, Some(Running));
        assert_eq!(model.patch(&claim), Expected::Taken);
        assert_eq!(model.patch(&claim), Expected::Taken);
        assert_eq!(model.patch(&patch(1, 1, Some(Submitted))), Expected::Taken);
        assert_eq!(model.patch(&patch(2, 0, Some(Running))), Expected::Taken);
        assert_eq!(model.patch(&patch(1, 2, Some(JobStatus::Failed))), Expected::Unchanged);
        assert_eq!((model.status, model.attempt), (Running, 2));
    }
}
