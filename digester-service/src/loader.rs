//! GOBii loader instructions, executed by the digest engine.

use std::{
    fs, io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    thread::available_parallelism,
};

use digest::{Failure, FailureKind, Observer, Options, Stage};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use regulator::Demand;
use schema::{
    Kind, Preview, Progress, Report,
    gobii::{LoaderInstruction, Unreadable},
};
use serde_json::value::{RawValue, to_raw_value};

use crate::{Digester, Glance, Needs, Outcome, Work, config::Bounds, threads::lower_priority};

/// How many files of a source folder are looked at to tell its size.
const MAX_FILES_SIZED: usize = 10_000;

/// Executes instructions of kind `loader`.
pub struct Loader {
    pool: ThreadPool,
    bounds: Bounds,
}

impl Loader {
    /// A loader with threads of its own, all of low priority.
    pub fn new(bounds: Bounds) -> Result<Self, ThreadPoolBuildError> {
        let cores = || available_parallelism().map_or(1, NonZeroUsize::get);
        let pool = ThreadPoolBuilder::new()
            .num_threads(bounds.threads.unwrap_or_else(cores))
            .thread_name(|index| format!("digest {index}"))
            .start_handler(|_| lower_priority())
            .build()?;
        Ok(Self { pool, bounds })
    }

    fn options(&self) -> Options<'_> {
        let Bounds { roots, max_file, .. } = self.bounds.clone();
        Options { pool: Some(&self.pool), roots, max_file, ..Options::default() }
    }
}

impl Digester for Loader {
    fn kind(&self) -> Kind {
        Kind::new("loader").expect("a word is a kind")
    }

    fn needs(&self, instruction: &RawValue) -> Needs {
        // What cannot be read is not worth a demand: its attempt will fail at once, and say why.
        let Ok(instruction) = LoaderInstruction::parse(instruction.get()) else {
            return Needs::default();
        };
        let sources = instruction.tables.iter().filter_map(|table| table.file.source.as_deref());
        let mut sources: Vec<&str> = sources.collect();
        sources.sort_unstable();
        sources.dedup();
        let bytes = sources.iter().map(|source| size(Path::new(source))).sum();
        let memory = Options::default().memory as u64;
        let demand = Demand { cpu_milli: 1000, memory, scratch: bytes, io: 1 };
        Needs { demand, exclusive: exclusive(&instruction), cost: Some(bytes) }
    }

    fn digest(&self, work: &Work) -> Outcome {
        let instruction = match LoaderInstruction::parse(work.instruction().get()) {
            Ok(instruction) => instruction,
            Err(unreadable) => return refuse(&unreadable),
        };
        match digest::digest(&instruction, &self.options(), &Watch(work)) {
            Ok(report) => Outcome::Completed { message: summary(&report), report: raw(&report) },
            Err(Failure { kind: FailureKind::Cancelled, .. }) => Outcome::Stopped,
            Err(failure) => {
                Outcome::Failed { message: failure.message.clone(), report: raw(&failure.report) }
            }
        }
    }

    fn preview(&self, instruction: &RawValue, glance: &Glance) -> Option<Preview> {
        let instruction = match LoaderInstruction::parse(instruction.get()) {
            Ok(instruction) => instruction,
            Err(unreadable) => {
                let message = unreadable_message(&unreadable);
                return Some(Preview { fine: false, message, node: None, report: None });
            }
        };
        digest::preview(&instruction, &self.options(), &Until(*glance)).map(Preview::from)
    }

    fn writes(&self, instruction: &RawValue) -> Vec<PathBuf> {
        let instruction = LoaderInstruction::parse(instruction.get()).ok();
        instruction
            .and_then(|of| Some(PathBuf::from(of.file().destination.as_ref()?)))
            .into_iter()
            .collect()
    }

    fn sweep(&self, instruction: &RawValue) -> io::Result<()> {
        let instruction = LoaderInstruction::parse(instruction.get()).map_err(io::Error::other)?;
        digest::sweep(&instruction, &self.bounds.roots)
    }
}

/// What no two digests may write at once: the data set, or else the destination.
fn exclusive(instruction: &LoaderInstruction) -> Option<String> {
    let data_set = instruction.tables.iter().find_map(|table| {
        let id = table.metadata.data_set_id.or(table.metadata.dataset.id)?;
        let crop = table.metadata.crop.as_deref().unwrap_or_default();
        Some(format!("data set {id} of crop {crop}"))
    });
    let destination = || instruction.tables.iter().find_map(|table| table.file.destination.clone());
    data_set.or_else(destination)
}

/// How many bytes a source is, as far as can be told quickly.
fn size(source: &Path) -> u64 {
    let of = |path: &Path| {
        fs::metadata(path).map_or(0, |file| if file.is_file() { file.len() } else { 0 })
    };
    match fs::read_dir(source) {
        Ok(folder) => folder.take(MAX_FILES_SIZED).flatten().map(|entry| of(&entry.path())).sum(),
        Err(_) => of(source),
    }
}

fn refuse(unreadable: &Unreadable) -> Outcome {
    Outcome::Failed { message: unreadable_message(unreadable), report: None }
}

fn unreadable_message(unreadable: &Unreadable) -> String {
    format!("the instruction cannot be read: {unreadable}")
}

fn summary(report: &Report) -> String {
    let rows: u64 = report.tables.iter().map(|table| table.rows).sum();
    format!("digested {} tables, {rows} rows", report.tables.len())
}

fn raw(report: &Report) -> Option<Box<RawValue>> {
    Some(to_raw_value(report).expect("a report has only text and numbers"))
}

/// Lets the engine look for so long.
struct Until(Glance);

impl Observer for Until {
    fn stage(&self, _: Stage, _: &str) {}

    fn progress(&self, _: Progress) {}

    fn is_cancelled(&self) -> bool {
        self.0.is_over()
    }
}

/// Lets the engine tell its job.
struct Watch<'a>(&'a Work);

impl Observer for Watch<'_> {
    fn stage(&self, stage: Stage, message: &str) {
        self.0.stage(stage.as_str(), message);
    }

    fn progress(&self, progress: Progress) {
        self.0.progress(progress);
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    fn may_publish(&self) -> bool {
        self.0.may_publish()
    }

    fn hold(&self, bytes: u64) -> Result<(), String> {
        self.0.hold(bytes)
    }

    fn held_disk(&self, bytes: u64) {
        self.0.held_disk(bytes);
    }
}
