//! What a digest would write and find, from the beginnings of its files.

use std::sync::atomic::AtomicBool;

use schema::{Finding, PreviewReport, Report, TablePreview, gobii::LoaderInstruction};

use crate::{
    Observer, Options, Stage,
    digest::check_paths,
    failure::Stop,
    found,
    make::Maker,
    plan::Plan,
    read::{Extent, Source},
    run::{Parts, ROWS, Run},
    write::Folder,
};

/// How many lines of a file are read,
const LINES: u64 = 1000;

/// or more where a table begins later, up to here.
const MOST_LINES: u64 = 100_000;

/// How many bytes of a file are read, unless a table begins behind them.
const FILE_BYTES: u64 = 4 << 20;

/// How many files are looked into.
const FILES: usize = 16;

/// How much is parsed at once: little, as there is little.
const CHUNK: usize = 256 << 10;

/// How many errors are told.
const MAX_ERRORS: usize = 100;

/// Digests the beginning of every file, and shows the first rows of every table exactly as
/// [`digest`](crate::digest()) would write them, and every error up to there. Nothing is written.
///
/// `None`: the observer wanted its end. Of the options, how many errors are collected and how much
/// is parsed at once do not matter here.
pub fn preview(
    instruction: &LoaderInstruction,
    options: &Options<'_>,
    observer: &dyn Observer,
) -> Option<PreviewReport> {
    let options =
        &Options { max_errors: MAX_ERRORS, chunk: CHUNK, count_calls: false, ..options.clone() };
    observer.stage(Stage::Validation, "Checking the instruction and its files");
    let prepared = Plan::new(instruction)
        .map_err(Stop::Failed)
        .and_then(|plan| check_paths(&plan, options).map(|source| (plan, source)));
    let (plan, source) = match prepared {
        Ok(prepared) => prepared,
        Err(stop) => return refused(stop, Stage::Validation, PreviewReport::default()),
    };
    observer.stage(Stage::Digest, "Reading the beginnings of the files");
    Look { plan: &plan, options, observer }.at(source)
}

/// What failed, and why.
fn refused(stop: Stop, stage: Stage, mut report: PreviewReport) -> Option<PreviewReport> {
    let mut errors = match stop {
        Stop::Cancelled => return None,
        Stop::Failed(errors) => errors,
        Stop::DiskFull => vec![crate::failure::error("there is no memory to look at it")],
    };
    found::sort(&mut errors);
    report.findings.splice(..0, errors);
    report.failed_in = Some(stage.as_str().to_owned());
    Some(report)
}

/// One look at the files.
#[derive(Clone, Copy)]
struct Look<'a> {
    plan: &'a Plan,
    options: &'a Options<'a>,
    observer: &'a dyn Observer,
}

/// What came of it.
struct Seen {
    tables: Vec<TablePreview>,
    warnings: Vec<Finding>,
    lines: u64,
    whole: bool,
    /// What is wrong, if anything is.
    stop: Option<Stop>,
}

impl Look<'_> {
    fn at(self, mut source: Source) -> Option<PreviewReport> {
        let files = source.files.len();
        source.files.truncate(FILES);
        source.extent = extent(self.plan);
        let seen = match self.pass(&source) {
            Ok(seen) => seen,
            Err(stop) => return refused(stop, Stage::Digest, PreviewReport::default()),
        };
        let mut report = PreviewReport {
            tables: seen.tables,
            findings: seen.warnings,
            failed_in: None,
            files: files as u64,
            files_seen: source.files.len() as u64,
            lines: seen.lines,
            whole: seen.whole && files == source.files.len(),
        };
        let Some(stop) = seen.stop else {
            found::sort(&mut report.findings);
            return Some(report);
        };
        if let Some(tables) = self.before(&stop, source) {
            report.tables = tables;
        }
        refused(stop, Stage::Digest, report)
    }

    /// One pass over the files, all of it in memory.
    fn pass(self, source: &Source) -> Result<Seen, Stop> {
        let Self { plan, options, observer } = self;
        let abort = AtomicBool::new(false);
        let maker = &Maker::new(plan, options, &abort);
        let folder = &Folder::in_memory(&plan.destination, options.memory);
        let parts = Parts { plan, options, observer, source, folder, maker, abort: &abort };
        let mut run = Run::new(parts)?;
        let read = run.read();
        run.finish()?;
        let (tables, (lines, whole)) = (run.heads()?, run.lines());
        let seen = |warnings, stop| Seen { tables, warnings, lines, whole, stop };
        Ok(match read {
            Ok(()) => seen(run.into_warnings(), None),
            Err(stop) => {
                let mut report = Report::default();
                let stop = run.give_up(stop, &mut report);
                seen(report.findings, Some(stop))
            }
        })
    }

    /// The tables as far as they can be made of the lines before the first error, if it is that of
    /// a line: nothing that is read together with an error is written.
    fn before(self, stop: &Stop, mut source: Source) -> Option<Vec<TablePreview>> {
        let Stop::Failed(errors) = stop else { return None };
        let path = |at: usize| source.files[at].path.display().to_string();
        let place = |error: &Finding| {
            let file = (0..source.files.len()).find(|at| Some(path(*at)) == error.file)?;
            Some((file, error.line?.checked_sub(1)?))
        };
        let (file, line) = errors.iter().filter_map(place).min()?;
        match file {
            0 => {
                source.files.truncate(1);
                source.extent.lines = line;
            }
            file => source.files.truncate(file),
        }
        self.pass(&source).ok().map(|seen| seen.tables)
    }
}

/// How much of a file is read for a plan.
fn extent(plan: &Plan) -> Extent {
    let least = plan.lines_needed().min(MOST_LINES);
    Extent { lines: LINES.max(least + ROWS), bytes: FILE_BYTES, least }
}
