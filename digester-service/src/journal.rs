//! Outcomes that the web service has not acknowledged yet, on disk.
//!
//! A log of lines, each either an outcome or the note that one was delivered. An outcome is on
//! disk before anybody is told of it; the note is not worth waiting for, since delivering twice
//! does no harm. What has been delivered is dropped when the log is opened, and whenever the log
//! has doubled since.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use schema::{AddressedPatch, JobId, JobPatch};
use serde::{Deserialize, Serialize};

/// The log may grow to this, or to twice what was left of it, before it is written anew.
const REWRITE_ABOVE_BYTES: u64 = 1 << 20;

/// The log's name in its folder.
const NAME: &str = "outcomes.log";

/// What is written to see whether something can be, and how much.
const PROBE: &str = "probe";
const PROBE_BYTES: usize = 4096;

/// An outcome, and the web service that is to hear of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) to: String,
    /// Stages that the web service has not heard of, to be told before.
    #[serde(default)]
    pub(crate) earlier: Vec<JobPatch>,
    pub(crate) item: AddressedPatch,
}

impl Parcel {
    /// What tells this outcome from every other.
    pub(crate) const fn mark(&self) -> Mark {
        (self.item.id, self.item.patch.attempt)
    }

    /// About how much of a request it takes.
    fn bytes(&self) -> usize {
        let long = |patch: &JobPatch| {
            let report = patch.report.as_ref().map_or(0, |report| report.get().len());
            report + patch.message.as_ref().map_or(0, String::len)
        };
        long(&self.item.patch) + self.earlier.iter().map(long).sum::<usize>()
    }
}

/// A job and its attempt.
pub(crate) type Mark = (JobId, u32);

/// The node's memory of outcomes.
#[derive(Debug)]
pub(crate) struct Journal {
    log: Mutex<Log>,
    /// How many lines are known to be on disk. Held while the disk is waited for, so that whoever
    /// comes meanwhile is taken along by the next wait.
    synced: Mutex<u64>,
}

#[derive(Debug)]
struct Log {
    folder: PathBuf,
    file: Arc<File>,
    /// How many lines were ever appended.
    lines: u64,
    bytes: u64,
    rewrite_above: u64,
    /// What is still to deliver, in the order it was written.
    pending: BTreeMap<Mark, Parcel>,
}

/// A line of the log, as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Outcome(Box<Parcel>),
    Delivered { job: JobId, attempt: u32 },
}

/// The same, as it is written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum NewLine<'a> {
    Outcome(&'a Parcel),
    Delivered { job: JobId, attempt: u32 },
}

impl Journal {
    /// Opens the journal in this folder, and reads what is still to deliver.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let pending = match File::open(folder.join(NAME)) {
            Ok(file) => read(file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        let (file, bytes) = write(folder, &pending)?;
        let rewrite_above = REWRITE_ABOVE_BYTES.max(2 * bytes);
        let folder = folder.to_owned();
        let file = Arc::new(file);
        let log = Log { folder, file, lines: 0, bytes, rewrite_above, pending };
        Ok(Self { log: Mutex::new(log), synced: Mutex::new(0) })
    }

    /// Writes outcomes down. When this returns without an error, no crash can lose them.
    pub(crate) fn record(&self, outcomes: Vec<Parcel>) -> io::Result<()> {
        let mut log = self.log();
        let appended = log.append(&outcomes.iter().map(NewLine::Outcome).collect::<Vec<_>>());
        // Kept whatever the disk says: as long as the process lives, they will be delivered.
        log.pending.extend(outcomes.into_iter().map(|outcome| (outcome.mark(), outcome)));
        appended?;
        let line = log.lines;
        drop(log);
        self.sync(line)
    }

    /// Returns once this line is on disk; one wait serves all who came before it began.
    fn sync(&self, line: u64) -> io::Result<()> {
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if *synced >= line {
            return Ok(());
        }
        // What a rewrite moved to a new file meanwhile, the rewrite has synced.
        let (file, lines) = {
            let log = self.log();
            (Arc::clone(&log.file), log.lines)
        };
        file.sync_data()?;
        *synced = lines;
        Ok(())
    }

    /// Notes that the web service has these outcomes, or wants none of them.
    pub(crate) fn delivered(&self, outcomes: &[Mark]) -> io::Result<()> {
        let mut log = self.log();
        let mut lines = Vec::with_capacity(outcomes.len());
        for &(job, attempt) in outcomes {
            // Gone, whatever the disk says: it must not be delivered again and again.
            if log.pending.remove(&(job, attempt)).is_some() {
                lines.push(NewLine::Delivered { job, attempt });
            }
        }
        log.append(&lines)?;
        if log.bytes > log.rewrite_above {
            log.rewrite()?;
        }
        Ok(())
    }

    /// The web services that are still to hear of something.
    pub(crate) fn targets(&self) -> BTreeSet<String> {
        self.log().pending.values().map(|parcel| parcel.to.clone()).collect()
    }

    /// Some of what one of them is still to hear of: at least one parcel, and no more patches and
    /// bytes than these.
    pub(crate) fn pending(&self, to: &str, patches: usize, bytes: usize) -> Vec<Parcel> {
        let log = self.log();
        let (mut count, mut size) = (0, 0);
        log.pending
            .values()
            .filter(|parcel| parcel.to == to)
            .take_while(|parcel| {
                let first = count == 0;
                count += 1 + parcel.earlier.len();
                size += parcel.bytes();
                first || (count <= patches && size <= bytes)
            })
            .cloned()
            .collect()
    }

    /// How many outcomes are still to deliver.
    pub(crate) fn depth(&self) -> usize {
        self.log().pending.len()
    }

    /// Every outcome that one of them is still to hear of.
    pub(crate) fn marks(&self, to: &str) -> Vec<Mark> {
        self.log().pending.values().filter(|parcel| parcel.to == to).map(Parcel::mark).collect()
    }

    /// Whether something could be written down now.
    pub(crate) fn probe(&self) -> io::Result<()> {
        let path = self.log().folder.join(PROBE);
        let mut file = File::create(&path)?;
        let written = file.write_all(&[0; PROBE_BYTES]).and_then(|()| file.sync_data());
        written.and(std::fs::remove_file(&path))
    }

    /// Whether an outcome of this job is still to deliver.
    pub(crate) fn has(&self, job: JobId) -> bool {
        self.log().pending.range((job, 0)..=(job, u32::MAX)).next().is_some()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // Every change is one insertion or removal: a panic in between leaves nothing half done.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn append(&mut self, lines: &[NewLine<'_>]) -> io::Result<()> {
        let mut text = Vec::new();
        lines.iter().try_for_each(|line| write_line(&mut text, line))?;
        let mut file = &*self.file;
        let written = file.write_all(&text);
        if written.is_err() {
            // A full disk may have taken half a line: the next one must not be glued to it.
            file.set_len(self.bytes)?;
            file.seek(SeekFrom::End(0))?;
        }
        written?;
        self.lines += lines.len() as u64;
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// Leaves out what has been delivered. If that fails, the old log goes on.
    fn rewrite(&mut self) -> io::Result<()> {
        let (file, bytes) = write(&self.folder, &self.pending)?;
        (self.file, self.bytes) = (Arc::new(file), bytes);
        self.rewrite_above = REWRITE_ABOVE_BYTES.max(2 * bytes);
        Ok(())
    }
}

/// Reads the log. A last line that a crash cut short was never acknowledged to anybody.
fn read(file: File) -> io::Result<BTreeMap<Mark, Parcel>> {
    let mut pending = BTreeMap::new();
    for line in BufReader::new(file).split(b'\n') {
        match serde_json::from_slice(&line?) {
            Ok(Line::Outcome(outcome)) => {
                pending.insert(outcome.mark(), *outcome);
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
fn write(folder: &Path, pending: &BTreeMap<Mark, Parcel>) -> io::Result<(File, u64)> {
    let path = folder.join(NAME);
    let fresh = path.with_extension("new");
    let file = OpenOptions::new().create(true).write(true).truncate(true).open(&fresh)?;
    let mut text = BufWriter::new(file);
    let (mut bytes, mut line) = (0, Vec::new());
    for outcome in pending.values() {
        line.clear();
        write_line(&mut line, &NewLine::Outcome(outcome))?;
        text.write_all(&line)?;
        bytes += line.len() as u64;
    }
    let file = text.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    std::fs::rename(&fresh, &path)?;
    File::open(folder)?.sync_all()?;
    Ok((file, bytes))
}

fn write_line(text: &mut Vec<u8>, line: &NewLine<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *text, line)?;
    text.push(b'\n');
    Ok(())
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
            demand: None,
            cut_short: false,
            stage: None,
            progress: None,
            message: Some("done\nwith a line end".to_owned()),
            report: serde_json::from_str(r#"{"tables": []}"#).unwrap(),
        };
        let item = AddressedPatch { id, patch, traceparent: None };
        Parcel { to: "http://web".to_owned(), earlier: Vec::new(), item }
    }

    fn all(journal: &Journal) -> Vec<Parcel> {
        journal.pending("http://web", usize::MAX, usize::MAX)
    }

    fn ids(journal: &Journal) -> Vec<JobId> {
        all(journal).iter().map(|outcome| outcome.item.id).collect()
    }

    #[test]
    fn what_was_recorded_and_not_delivered_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let jobs: Vec<_> = (0..3).map(|_| JobId::mint()).collect();
        let journal = Journal::open(folder.path()).unwrap();
        for &job in &jobs {
            journal.record(vec![outcome(job, 1)]).unwrap();
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
        journal.record(vec![outcome(whole, 1)]).unwrap();
        journal.record(vec![outcome(cut, 1)]).unwrap();
        drop(journal);
        let path = folder.path().join("outcomes.log");
        let length = std::fs::metadata(&path).unwrap().len();
        File::options().write(true).open(&path).unwrap().set_len(length - 20).unwrap();

        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(ids(&journal), [whole]);
        journal.record(vec![outcome(later, 1)]).unwrap();
        drop(journal);
        assert_eq!(ids(&Journal::open(folder.path()).unwrap()), [whole, later]);
    }

    #[test]
    fn attempts_of_one_job_are_delivered_apart_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let job = JobId::mint();
        let journal = Journal::open(folder.path()).unwrap();
        journal.record(vec![outcome(job, 2)]).unwrap();
        journal.record(vec![outcome(job, 1)]).unwrap();
        let attempts: Vec<_> = all(&journal).iter().map(|o| o.item.patch.attempt).collect();
        assert_eq!(attempts, [1, 2]);
        journal.delivered(&[(job, 1)]).unwrap();
        assert_eq!(journal.depth(), 1);
    }

    #[test]
    fn a_batch_is_bounded_by_patches_and_by_bytes_but_never_empty() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let mut parcels: Vec<_> = (0..3).map(|_| outcome(JobId::mint(), 1)).collect();
        parcels[0].earlier = vec![parcels[0].item.patch.clone(); 9];
        parcels[2].to = "http://other".to_owned();
        for parcel in parcels {
            journal.record(vec![parcel]).unwrap();
        }
        assert_eq!(journal.pending("http://web", 1, usize::MAX).len(), 1);
        assert_eq!(journal.pending("http://web", 11, usize::MAX).len(), 2);
        assert_eq!(journal.pending("http://web", 11, 1).len(), 1);
        assert_eq!(journal.pending("http://other", 1, 1).len(), 1);
        assert_eq!(journal.targets().len(), 2);
    }

    #[test]
    fn the_log_does_not_grow_for_ever_while_one_outcome_stays() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let stays = JobId::mint();
        journal.record(vec![outcome(stays, 1)]).unwrap();
        let mut large = outcome(JobId::mint(), 1);
        large.item.patch.message = Some("x".repeat(REWRITE_ABOVE_BYTES as usize / 2));
        for attempt in 1..9 {
            large.item.patch.attempt = attempt;
            journal.record(vec![large.clone()]).unwrap();
            journal.delivered(&[(large.item.id, attempt)]).unwrap();
            let length = std::fs::metadata(folder.path().join(NAME)).unwrap().len();
            assert!(length <= 2 * REWRITE_ABOVE_BYTES, "{length}");
        }
        journal.record(vec![outcome(large.item.id, 99)]).unwrap();
        drop(journal);
        assert_eq!(ids(&Journal::open(folder.path()).unwrap()), [stays, large.item.id]);
    }
}
