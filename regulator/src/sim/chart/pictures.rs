//! What is drawn of a run: who waited how long, its queue, its bars.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::plot::Plot;
use super::{colour, escape};
use crate::Moment;
use crate::sim::report::length;
use crate::sim::{Report, Run, TraceJob};

/// How many steps of time a curve is drawn in.
const BINS: usize = 500;
/// How many jobs the bars show at most.
const BARS: usize = 1500;

/// The part of jobs that had started after a wait, for each run, on a logarithmic scale.
pub(super) fn waits(trace: &[TraceJob], runs: &[(Report, Run)]) -> String {
    let most = runs.iter().map(|(report, _)| report.wait_s.max).fold(1.0, f64::max);
    let scale = |seconds: f64| (1.0 + seconds).ln();
    let mut plot = Plot::new(260.0, scale(most), 1.0);
    plot.grid(|part| format!("{:.0} %", 100.0 * part));
    plot.across(|x| length(x.exp() - 1.0));
    for (index, (_, run)) in runs.iter().enumerate() {
        let waits = trace
            .iter()
            .zip(&run.records)
            .filter_map(|(job, record)| Some(record.started?.since(job.submitted).as_secs_f64()));
        let mut waits: Vec<_> = waits.collect();
        waits.sort_by(f64::total_cmp);
        let point = |step: usize| {
            let at = (waits.len() * step / BINS).min(waits.len().saturating_sub(1));
            (scale(waits.get(at).copied().unwrap_or(0.0)), step as f64 / BINS as f64)
        };
        let points: Vec<_> = (0..=BINS).map(point).collect();
        plot.curve(&points, &colour(index), false);
    }
    plot.done()
}

/// How many wait and how many run, over time.
pub(super) fn queue(trace: &[TraceJob], run: &Run) -> String {
    let from = trace.first().map_or(Moment::ZERO, |job| job.submitted);
    let across = run.end.since(from).as_secs_f64();
    let (waiting, running) = levels(trace, run, from, across);
    let most = waiting.iter().chain(&running).map(|(_, level)| *level).fold(1.0, f64::max);
    let mut plot = Plot::new(240.0, across, 4.0 * (most / 4.0).ceil());
    plot.grid(|level| format!("{level:.0}"));
    plot.across(length);
    plot.curve(&waiting, &colour(0), true);
    plot.curve(&running, &colour(1), false);
    plot.done()
}

type Levels = Vec<(f64, f64)>;

/// The largest number waiting and running in each step of time.
fn levels(trace: &[TraceJob], run: &Run, from: Moment, across: f64) -> (Levels, Levels) {
    let mut changes: Vec<(Moment, i64, i64)> = Vec::with_capacity(3 * trace.len());
    for (job, record) in trace.iter().zip(&run.records) {
        let Some(started) = record.started else { continue };
        changes.push((job.submitted, 1, 0));
        changes.push((started, -1, 1));
        changes.extend(record.ended.map(|ended| (ended, 0, -1)));
    }
    changes.sort_unstable_by_key(|(moment, _, _)| *moment);
    let (mut waiting, mut running) = (Vec::new(), Vec::new());
    let mut now = (0, 0);
    // What comes and goes at one moment was never there to be seen.
    let mut moments = changes.chunk_by(|one, other| one.0 == other.0).peekable();
    for bin in 0..=BINS {
        let at = across * bin as f64 / BINS as f64;
        let mut most = now;
        while let Some(moment) =
            moments.next_if(|moment| moment[0].0.since(from).as_secs_f64() <= at)
        {
            for (_, waits, runs) in moment {
                now = (now.0 + waits, now.1 + runs);
            }
            most = (most.0.max(now.0), most.1.max(now.1));
        }
        waiting.push((at, most.0 as f64));
        running.push((at, most.1 as f64));
    }
    (waiting, running)
}

/// The jobs that ran longest, each a bar in the first row that is free, in its tenant's colour.
pub(super) fn bars(trace: &[TraceJob], run: &Run, tenants: &BTreeMap<&str, usize>) -> String {
    let from = trace.first().map_or(Moment::ZERO, |job| job.submitted);
    let mut jobs: Vec<_> = trace
        .iter()
        .zip(&run.records)
        .filter_map(|(job, record)| Some((record.started?, record.ended?, job)))
        .collect();
    jobs.sort_by_key(|(started, ended, job)| (std::cmp::Reverse(ended.since(*started)), job.id));
    jobs.truncate(BARS);
    jobs.sort_by_key(|(started, _, job)| (*started, job.id));
    let mut rows: Vec<Moment> = Vec::new();
    let mut placed = Vec::new();
    for (started, ended, job) in jobs {
        let free = rows.iter().position(|until| *until <= started);
        let row = free.unwrap_or(rows.len());
        rows.resize(rows.len().max(row + 1), ended);
        rows[row] = ended;
        placed.push((row, started, ended, job));
    }
    let height = 40.0 + 14.0 * rows.len() as f64;
    let mut plot = Plot::new(height, run.end.since(from).as_secs_f64(), rows.len() as f64);
    plot.across(length);
    for (row, started, ended, job) in placed {
        let [start, end] = [started, ended].map(|at| at.since(from).as_secs_f64());
        let (x, y) = (plot.x(start), plot.y(rows.len() as f64 - row as f64));
        let width = (plot.x(end) - x).max(0.8);
        let fill = colour(tenants.get(job.tenant.as_str()).copied().unwrap_or(0));
        let wait = length(started.since(job.submitted).as_secs_f64());
        let _ = writeln!(
            plot.svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"11\" rx=\"2\" fill=\"{fill}\">\
             <title>{} of {}: waited {wait}, ran {}</title></rect>",
            escape(&job.kind),
            escape(&job.tenant),
            length(end - start)
        );
    }
    plot.done()
}
