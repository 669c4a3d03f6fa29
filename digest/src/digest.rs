//! A digest from beginning to end, and what is said of it.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use schema::{Report, StageTime, gobii::LoaderInstruction};

use crate::{
    Failure, FailureKind, Observer, Options, Stage,
    failure::{self, Stop, error},
    found,
    make::Maker,
    paths::{self, denied},
    plan::Plan,
    read::Source,
    run::{Parts, Run},
    write::{Folder, Share},
};

/// Digests what the instruction says.
///
/// On success every output lies in the destination, complete and on disk; a digest that fails or
/// is cancelled leaves none. The calling thread reads and writes, so it should be none of a pool's.
pub fn digest(
    instruction: &LoaderInstruction,
    options: &Options<'_>,
    observer: &dyn Observer,
) -> Result<Report, Failure> {
    let mut course = Course { observer, stages: Vec::new(), begun: Instant::now() };
    let mut report = Report::default();
    let done = run(instruction, options, observer, &mut course, &mut report);
    course.end();
    report.duration_ms = milliseconds(course.begun.elapsed());
    report.stages = course.stages.iter().map(|(stage, time)| time_of(*stage, *time)).collect();
    match done {
        Ok(()) => {
            found::sort(&mut report.findings);
            Ok(report)
        }
        Err(stop) => Err(course.failure(stop, report)),
    }
}

fn run(
    instruction: &LoaderInstruction,
    options: &Options<'_>,
    observer: &dyn Observer,
    course: &mut Course<'_>,
    report: &mut Report,
) -> Result<(), Stop> {
    course.enter(Stage::Validation, "Checking the instruction and its files");
    let plan = Plan::new(instruction).map_err(Stop::Failed)?;
    let source = check_paths(&plan, options)?;
    let files = source.files.len();
    course.enter(Stage::Digest, &format!("Reading {files} files"));
    let share = Share { observer, max_file: options.max_file };
    let folder = Folder::open(Arc::clone(&source.roots), &plan.destination, share, options.memory)?;
    plan.tables.iter().try_for_each(|table| folder.remove(&table.output()))?;
    let abort = AtomicBool::new(false);
    let maker = &Maker::new(&plan, options, &abort);
    let (plan, source, folder, abort) = (&plan, &source, &folder, &abort);
    let parts = Parts { plan, options, observer, source, folder, maker, abort };
    let mut run = Run::new(parts)?;
    let mut done = run.read();
    if done.is_ok() {
        course.enter(Stage::Transformation, "Writing the tables");
        done = run.finish();
    }
    match done {
        Ok(()) if observer.may_publish() => run.keep(report),
        Ok(()) => Err(Stop::Cancelled),
        Err(stop) => Err(run.give_up(stop, report)),
    }
}

/// Finds the files, all of which must lie where that is allowed.
pub(crate) fn check_paths(plan: &Plan, options: &Options<'_>) -> Result<Source, Stop> {
    let roots = Arc::new(paths::open(&options.roots)?);
    let destination = &plan.destination;
    roots.allow(destination).map_err(|e| denied("find the destination", destination, &e))?;
    Ok(Source::find(roots, &plan.source)?)
}

/// The stages so far.
struct Course<'a> {
    observer: &'a dyn Observer,
    stages: Vec<(Stage, Duration)>,
    begun: Instant,
}

impl Course<'_> {
    fn enter(&mut self, stage: Stage, message: &str) {
        self.end();
        self.stages.push((stage, Duration::ZERO));
        self.observer.stage(stage, message);
    }

    /// The present stage has taken what the ones before have not.
    fn end(&mut self) {
        let before: Duration = self.stages.iter().map(|(_, time)| *time).sum();
        if let Some((_, time)) = self.stages.last_mut() {
            *time = self.begun.elapsed().saturating_sub(before);
        }
    }

    fn failure(&self, stop: Stop, mut report: Report) -> Failure {
        let stage = self.stages.last().map_or(Stage::Validation, |(stage, _)| *stage);
        report.failed_in = Some(stage.as_str().to_owned());
        report.tables.clear();
        report.files.clear();
        let (kind, mut findings) = match stop {
            Stop::Cancelled => (FailureKind::Cancelled, Vec::new()),
            Stop::Failed(findings) => (FailureKind::Failed, findings),
            Stop::DiskFull => (FailureKind::Failed, vec![error("the disk is full")]),
        };
        found::sort(&mut findings);
        let message = findings.first().map_or("the digest was cancelled".to_owned(), failure::line);
        report.findings.splice(..0, findings);
        Failure { kind, stage, message, report: Box::new(report) }
    }
}

fn time_of(stage: Stage, time: Duration) -> StageTime {
    StageTime { stage: stage.as_str().to_owned(), duration_ms: milliseconds(time) }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
