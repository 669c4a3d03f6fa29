//! Outcomes that the web service has not acknowledged yet, on disk.
//!
//! A log of lines, each either an outcome or the note that one was delivered. An outcome is on
//! disk before anybody is told of it; the note is not worth waiting for, since delivering twice
//! does no harm. What has been delivered is dropped when the log is opened, and whenever nothing
//! is left to deliver.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use schema::{AddressedPatch, JobId};
use serde::{Deserialize, Serialize};

/// The log may grow to this before an empty journal is cut back to nothing.
const CUT_ABOVE_BYTES: u64 = 1 << 20;

/// An outcome, and the web service that is to hear of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) to: String,
    pub(crate) item: AddressedPatch,
}

impl Parcel {
    /// What tells this outcome from every other.
    pub(crate) const fn mark(&self) -> Mark {
        (self.item.id, self.item.patch.attempt)
    }
}

/// A job and its attempt.
pub(crate) type Mark = (JobId, u32);

/// The node's memory of outcomes.
#[derive(Debug)]
pub(crate) struct Journal(Mutex<Log>);

#[derive(Debug)]
struct Log {
    file: File,
    bytes: u64,
    /// What is still to deliver, in the order it was written.
    pending: BTreeMap<Mark, Parcel>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Outcome(Parcel),
    Delivered { job: JobId, attempt: u32 },
}

impl Journal {
    /// Opens the journal in this folder, and reads what is still to deliver.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("outcomes.log");
        let pending = match File::open(&path) {
            Ok(file) => read(file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        let (file, bytes) = rewrite(&path, folder, &pending)?;
        Ok(Self(Mutex::new(Log { file, bytes, pending })))
    }

    /// Writes an outcome down. When this returns without an error, no crash can lose it.
    pub(crate) fn record(&self, outcome: Parcel) -> io::Result<()> {
        let mut log = self.log();
        // Kept whatever the disk says: as long as the process lives, it will be delivered.
        log.pending.insert(outcome.mark(), outcome.clone());
        log.append(&Line::Outcome(outcome))?;
        log.file.sync_data()
    }

    /// Notes that the web service has these outcomes, or wants none of them.
    pub(crate) fn delivered(&self, outcomes: &[Mark]) -> io::Result<()> {
        let mut log = self.log();
        for &(job, attempt) in outcomes {
            if log.pending.remove(&(job, attempt)).is_some() {
                log.append(&Line::Delivered { job, attempt })?;
            }
        }
        if log.pending.is_empty() && log.bytes > CUT_ABOVE_BYTES {
            log.cut()?;
        }
        Ok(())
    }

    /// Some of what is still to deliver.
    pub(crate) fn pending(&self, at_most: usize) -> Vec<Parcel> {
        self.log().pending.values().take(at_most).cloned().collect()
    }

    /// How many outcomes are still to deliver.
    pub(crate) fn depth(&self) -> usize {
        self.log().pending.len()
    }

    /// Whether an outcome of this job is still to deliver.
    pub(crate) fn has(&self, job: JobId) -> bool {
        self.log().pending.range((job, 0)..=(job, u32::MAX)).next().is_some()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // Every change is one insertion or removal: a panic in between leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let written = self.file.write_all(&text);
        if written.is_err() {
            // A full disk may have taken half a line: the next one must not be glued to it.
            self.file.set_len(self.bytes)?;
            self.file.seek(SeekFrom::End(0))?;
        }
        written?;
        self.bytes += text.len() as u64;
        Ok(())
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.bytes = 0;
        self.file.sync_data()
    }
}

/// Reads the log. A last line that a crash cut short was never acknowledged to anybody.
fn read(file: File) -> io::Result<BTreeMap<Mark, Parcel>> {
    let mut pending = BTreeMap::new();
    for line in BufReader::new(file).split(b'\n') {
        match serde_json::from_slice(&line?) {
            Ok(Line::Outcome(outcome)) => {
                pending.insert(outcome.mark(), outcome);
            }
            Ok(Line::Delivered { job, attempt }) => {
                pending.remove(&(job, attempt));
            }
            Err(error) => tracing::warn!(%error, "skipped a line of the outcome journal"),
        }
    }
    Ok(pending)
}

/// Writes a log that holds only what is still to deliver, and puts it in the old one's place.
fn rewrite(
    path: &Path,
    folder: &Path,
    pending: &BTreeMap<Mark, Parcel>,
) -> io::Result<(File, u64)> {
    let fresh: PathBuf = path.with_extension("new");
    let file = OpenOptions::new().create(true).write(true).truncate(true).open(&fresh)?;
    let mut log = Log { file, bytes: 0, pending: BTreeMap::new() };
    for outcome in pending.values() {
        log.append(&Line::Outcome(outcome.clone()))?;
    }
    log.file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    File::open(folder)?.sync_all()?;
    Ok((log.file, log.bytes))
}

#[cfg(test)]
mod tests {
    use schema::{JobPatch, JobStatus, NodeId};

    use super::*;

    fn outcome(id: JobId, attempt: u32) -> Parcel {
        let patch = JobPatch {
            attempt,
            sequence: 7,
            node: NodeId::new("n").unwrap(),
            status: Some(JobStatus::Completed),
            stage: None,
            progress: None,
            message: Some("done\nwith a line end".to_owned()),
            report: serde_json::from_str(r#"{"tables": []}"#).unwrap(),
        };
        Parcel { to: "http://web".to_owned(), item: AddressedPatch { id, patch } }
    }

    fn ids(journal: &Journal) -> Vec<JobId> {
        journal.pending(usize::MAX).iter().map(|outcome| outcome.item.id).collect()
    }

    #[test]
    fn what_was_recorded_and_not_delivered_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let jobs: Vec<_> = (0..3).map(|_| JobId::mint()).collect();
        let journal = Journal::open(folder.path()).unwrap();
        for &job in &jobs {
            journal.record(outcome(job, 1)).unwrap();
        }
        journal.delivered(&[(jobs[1], 1)]).unwrap();
        drop(journal);
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(ids(&journal), [jobs[0], jobs[2]]);
        assert!(journal.has(jobs[2]) && !journal.has(jobs[1]));
    }

    #[test]
    fn a_line_cut_short_by_a_crash_is_skipped_and_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, cut, later) = (JobId::mint(), JobId::mint(), JobId::mint());
        let journal = Journal::open(folder.path()).unwrap();
        journal.record(outcome(whole, 1)).unwrap();
        journal.record(outcome(cut, 1)).unwrap();
        drop(journal);
        let path = folder.path().join("outcomes.log");
        let length = std::fs::metadata(&path).unwrap().len();
        File::options().write(true).open(&path).unwrap().set_len(length - 20).unwrap();

        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(ids(&journal), [whole]);
        journal.record(outcome(later, 1)).unwrap();
        drop(journal);
        assert_eq!(ids(&Journal::open(folder.path()).unwrap()), [whole, later]);
    }

    #[test]
    fn attempts_of_one_job_are_delivered_apart_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let job = JobId::mint();
        let journal = Journal::open(folder.path()).unwrap();
        journal.record(outcome(job, 2)).unwrap();
        journal.record(outcome(job, 1)).unwrap();
        let attempts: Vec<_> = journal.pending(9).iter().map(|o| o.item.patch.attempt).collect();
        assert_eq!(attempts, [1, 2]);
        journal.delivered(&[(job, 1)]).unwrap();
        assert_eq!(journal.depth(), 1);
    }

    #[test]
    fn an_empty_journal_is_cut_back_once_it_has_grown() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let mut large = outcome(JobId::mint(), 1);
        large.item.patch.message = Some("x".repeat(CUT_ABOVE_BYTES as usize));
        let job = large.item.id;
        journal.record(large).unwrap();
        journal.delivered(&[(job, 1)]).unwrap();
        assert_eq!(std::fs::metadata(folder.path().join("outcomes.log")).unwrap().len(), 0);
    }
}
