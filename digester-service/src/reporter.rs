//! What a running attempt has to tell, gathered from its digester and sent on in small doses.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use schema::{AddressedPatch, JobId, JobPatch, NewJob, NodeId, Progress, TraceParent};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    callback::{Away, Callback, Refusal},
    speaker::Speaker,
};

/// How many stages may wait to be told while the web service is away; the oldest give way.
const MAX_STAGES: usize = 32;

/// Why an attempt is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stop {
    /// Somebody asked for the job's end.
    Cancelled = 1,
    /// It took longer than it may.
    Deadline = 2,
    /// The service ends.
    Drain = 3,
    /// Another attempt holds the job now.
    Lost = 4,
}

/// Between a digester, which tells without waiting, and the web service.
#[derive(Debug)]
pub(crate) struct Reporter {
    job: JobId,
    attempt: u32,
    trace: Option<TraceParent>,
    node: NodeId,
    sequence: AtomicU32,
    stop: AtomicU8,
    over: CancellationToken,
    news: Mutex<News>,
    told: Notify,
}

#[derive(Debug, Default)]
struct News {
    /// Stages that the web service has not heard of yet.
    stages: VecDeque<JobPatch>,
    /// Units done that the regulator has not heard of.
    work: u64,
    /// The most disk that it held, if its digester said so.
    disk: Option<u64>,
    /// The most memory that it held, where that can be told from others'.
    memory: Option<u64>,
    /// The present stage and progress.
    stage: Option<String>,
    progress: Option<Progress>,
    /// The progress that the web service knows.
    heard: Option<Progress>,
    /// The last word was said; nothing may come after it.
    closed: bool,
}

impl News {
    fn untold_progress(&self) -> Option<Progress> {
        self.progress.filter(|progress| self.heard != Some(*progress))
    }
}

impl Reporter {
    /// Of the next attempt at the job.
    pub(crate) fn new(job: &NewJob, node: NodeId) -> Self {
        Self {
            job: job.id,
            attempt: job.attempt + 1,
            trace: job.traceparent.clone(),
            node,
            sequence: AtomicU32::new(0),
            stop: AtomicU8::new(0),
            over: CancellationToken::new(),
            news: Mutex::default(),
            told: Notify::new(),
        }
    }

    pub(crate) const fn attempt(&self) -> u32 {
        self.attempt
    }

    pub(crate) fn stage(&self, stage: &str, message: &str) {
        let (name, message) = (Some(stage.to_owned()), Some(message.to_owned()));
        let mut news = self.news();
        if news.closed {
            return;
        }
        if news.stages.len() == MAX_STAGES {
            news.stages.pop_front();
        }
        news.stages.push_back(JobPatch { stage: name, message, ..self.patch() });
        news.stage = Some(stage.to_owned());
        drop(news);
        self.told.notify_one();
    }

    pub(crate) fn progress(&self, progress: Progress) {
        let mut news = self.news();
        let before = news.progress.map_or(0, |before| before.done);
        news.work += progress.done.saturating_sub(before);
        news.progress = Some(progress);
        drop(news);
        self.told.notify_one();
    }

    pub(crate) fn held_disk(&self, bytes: u64) {
        self.news().disk = Some(bytes);
    }

    pub(crate) fn held_memory(&self, bytes: u64) {
        self.news().memory = Some(bytes);
    }

    /// The most memory that it held, if that is known.
    pub(crate) fn memory(&self) -> Option<u64> {
        self.news().memory
    }

    /// What its digester said that it held of the disk.
    pub(crate) fn disk(&self) -> Option<u64> {
        self.news().disk
    }

    /// Tells the digester to stop; the first reason counts.
    pub(crate) fn stop(&self, why: Stop) {
        let _ = self.stop.compare_exchange(0, why as u8, Relaxed, Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed) != 0
    }

    /// Why the attempt was told to stop, if it was.
    pub(crate) fn stopped(&self) -> Option<Stop> {
        [Stop::Cancelled, Stop::Deadline, Stop::Drain, Stop::Lost]
            .into_iter()
            .find(|&why| why as u8 == self.stop.load(Relaxed))
    }

    /// The stage and progress of the moment.
    pub(crate) fn glance(&self) -> (Option<String>, Option<Progress>) {
        let news = self.news();
        (news.stage.clone(), news.progress)
    }

    /// Units of work done since this was last asked.
    pub(crate) fn take_work(&self) -> u64 {
        std::mem::take(&mut self.news().work)
    }

    /// A patch that says nothing yet, later than every one before.
    pub(crate) fn patch(&self) -> JobPatch {
        JobPatch {
            attempt: self.attempt,
            sequence: self.sequence.fetch_add(1, Relaxed),
            node: self.node.clone(),
            status: None,
            demand: None,
            cut_short: false,
            stage: None,
            progress: None,
            message: None,
            report: None,
        }
    }

    /// The patch, as it is sent.
    pub(crate) fn addressed(&self, patch: JobPatch) -> AddressedPatch {
        AddressedPatch { id: self.job, patch, traceparent: self.trace.clone() }
    }

    /// The stages that are still untold, and a patch later than every other: the last word.
    pub(crate) fn close(&self) -> (Vec<JobPatch>, JobPatch) {
        let mut news = self.news();
        news.closed = true;
        let untold = news.stages.drain(..).collect();
        (untold, JobPatch { progress: news.untold_progress(), ..self.patch() })
    }

    /// Ends the reports: the last word is elsewhere now.
    pub(crate) fn finish(&self) {
        self.over.cancel();
    }

    /// Sends what there is to tell, gathered for as long as `every`, until the attempt is over: what
    /// a short one has to tell goes with its outcome.
    pub(crate) async fn run(&self, speaker: &Speaker, to: &Callback, every: Duration) {
        let reports = async {
            loop {
                self.told.notified().await;
                tokio::time::sleep(every).await;
                if self.send(speaker, to).await.is_err() {
                    self.told.notify_one();
                }
            }
        };
        // A report cut off here is told again with the last word.
        self.over.run_until_cancelled(reports).await;
    }

    async fn send(&self, speaker: &Speaker, to: &Callback) -> Result<(), Arc<Away>> {
        let patches = self.gather();
        let Some(last) = patches.last().map(|item| item.patch.clone()) else { return Ok(()) };
        let answers = speaker.say(to, patches).await?;
        self.heard(&last);
        for answer in answers {
            match answer {
                Ok(answer) if answer.cancel_requested => self.stop(Stop::Cancelled),
                Ok(_) => {}
                Err(Refusal::Conflict | Refusal::Unknown) => self.stop(Stop::Lost),
                Err(Refusal::NotHanded | Refusal::Other) => {}
            }
        }
        Ok(())
    }

    /// Every stage not heard of yet, and the newest progress.
    fn gather(&self) -> Vec<AddressedPatch> {
        let news = self.news();
        if news.closed {
            return Vec::new();
        }
        let mut patches: Vec<_> = news.stages.iter().cloned().collect();
        // Numbered while nobody else can be: a stage that comes now is later.
        if let Some(progress) = news.untold_progress() {
            patches.push(JobPatch { progress: Some(progress), ..self.patch() });
        }
        patches.into_iter().map(|patch| self.addressed(patch)).collect()
    }

    /// The web service has heard of everything up to this.
    fn heard(&self, last: &JobPatch) {
        let mut news = self.news();
        news.stages.retain(|patch| patch.sequence > last.sequence);
        news.heard = last.progress.or(news.heard);
    }

    fn news(&self) -> MutexGuard<'_, News> {
        // Each change is a single assignment: a panic in between leaves nothing half done.
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reporter() -> Reporter {
        let job = serde_json::json!({"id": JobId::mint(), "key": "k", "kind": "sleep"});
        Reporter::new(&serde_json::from_value(job).unwrap(), NodeId::new("n").unwrap())
    }

    #[test]
    fn progress_is_coalesced_and_stages_are_kept_in_order() {
        let reporter = reporter();
        reporter.stage("validation", "a");
        reporter.stage("digest", "b");
        for done in 0..100 {
            reporter.progress(Progress { done, total: 100 });
        }
        let patches = reporter.gather();
        let stages: Vec<_> = patches.iter().map(|item| item.patch.stage.as_deref()).collect();
        assert_eq!(stages, [Some("validation"), Some("digest"), None]);
        assert_eq!(patches[2].patch.progress, Some(Progress { done: 99, total: 100 }));
        let sequences: Vec<_> = patches.iter().map(|item| item.patch.sequence).collect();
        assert_eq!(sequences, [0, 1, 2]);
    }

    #[test]
    fn a_stage_is_told_again_until_it_was_heard_of() {
        let reporter = reporter();
        reporter.stage("validation", "a");
        assert_eq!(reporter.gather().len(), 1);
        reporter.stage("digest", "b");
        let patches = reporter.gather();
        assert_eq!(patches.len(), 2);
        reporter.heard(&patches[1].patch);
        assert!(reporter.gather().is_empty());
    }

    #[test]
    fn progress_is_told_again_until_it_was_heard_of() {
        let reporter = reporter();
        reporter.progress(Progress { done: 1, total: 2 });
        let (first, second) = (reporter.gather(), reporter.gather());
        assert_eq!(second[0].patch.progress, first[0].patch.progress);
        assert!(second[0].patch.sequence > first[0].patch.sequence);
        reporter.heard(&second[0].patch);
        assert!(reporter.gather().is_empty());
    }

    #[test]
    fn nothing_comes_after_the_last_word() {
        let reporter = reporter();
        reporter.stage("validation", "a");
        reporter.progress(Progress { done: 1, total: 2 });
        let told = reporter.gather();
        let (untold, last) = reporter.close();
        assert_eq!(untold.len(), 1);
        assert_eq!(last.progress, Some(Progress { done: 1, total: 2 }));
        assert!(last.sequence > told[1].patch.sequence, "later than a report under way");
        reporter.stage("digest", "b");
        reporter.progress(Progress { done: 2, total: 2 });
        assert!(reporter.gather().is_empty());
    }

    #[test]
    fn the_first_reason_to_stop_counts() {
        let reporter = reporter();
        assert_eq!(reporter.stopped(), None);
        reporter.stop(Stop::Deadline);
        reporter.stop(Stop::Cancelled);
        assert_eq!(reporter.stopped(), Some(Stop::Deadline));
    }

    #[test]
    fn a_web_service_that_is_away_for_long_does_not_make_the_memory_grow() {
        let reporter = reporter();
        for step in 0..10 * MAX_STAGES {
            reporter.stage(&format!("stage {step}"), "");
        }
        assert_eq!(reporter.gather().len(), MAX_STAGES);
    }
}
