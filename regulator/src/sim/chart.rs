//! Runs of one trace side by side, as a page that needs nothing but itself.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::report::length;
use super::{Quantiles, Report, Run, TraceJob};
use crate::Moment;

const STYLE: &str = include_str!("chart.css");
const WIDTH: f64 = 1000.0;
const LEFT: f64 = 56.0;
const COLOURS: usize = 8;
/// How many steps of time a curve is drawn in.
const BINS: usize = 500;
/// How many jobs the bars show at most.
const BARS: usize = 1500;

/// The page: a table, who waited how long, and for each run its queue and its bars.
pub fn html(trace: &[TraceJob], runs: &[(Report, Run)]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Strategies compared</title>\n<style>\n{STYLE}</style>\n<main>\n\
         <h1>Strategies compared</h1>\n<p>One trace of {} jobs under {} of strategy.</p>\n",
        trace.len(),
        if runs.len() == 1 { "one choice".to_owned() } else { format!("{} choices", runs.len()) },
    );
    page += &section("", &table(runs));
    page +=
        "<h2>Waiting times</h2>\n<p>How many of all jobs had started after so long a wait.</p>\n";
    page +=
        &section(&legend(runs.iter().map(|(report, _)| report.name.as_str())), &waits(trace, runs));
    let tenants = tenants(trace);
    for (report, run) in runs {
        let _ = writeln!(page, "<h2>{}</h2>", escape(&report.name));
        page += &section(&legend(["waiting", "running"].into_iter()), &queue(trace, run));
        page += &section(&legend(tenants.keys().copied()), &bars(trace, run, &tenants));
        page += &section("", &groups(report));
    }
    page + "</main>\n</html>\n"
}

fn section(legend: &str, body: &str) -> String {
    format!("<section>\n{legend}{body}</section>\n")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn colour(index: usize) -> String {
    format!("var(--c{})", index % COLOURS)
}

fn legend<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let entry = |(index, name): (usize, &str)| {
        format!("<span><i style=\"background:{}\"></i>{}</span>", colour(index), escape(name))
    };
    let entries: String = names.enumerate().map(entry).take(3 * COLOURS).collect();
    format!("<div class=\"legend\">{entries}</div>\n")
}

fn row(tag: &str, cells: &[String]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<{tag}>{cell}</{tag}>")).collect();
    format!("<tr>{cells}</tr>\n")
}

fn table(runs: &[(Report, Run)]) -> String {
    let head = [
        "",
        "completed",
        "wait p50",
        "p95",
        "p99",
        "slowdown",
        "p95",
        "makespan",
        "used",
        "Jain tenants",
    ];
    let mut rows = row("th", &head.map(str::to_owned));
    for (report, _) in runs {
        let Quantiles { p50, p95, p99, .. } = report.wait_s;
        let used = report.utilisation.values().copied().fold(0.0, f64::max);
        rows += &row(
            "td",
            &[
                escape(&report.name),
                report.completed.to_string(),
                length(p50),
                length(p95),
                length(p99),
                format!("{:.2}", report.slowdown.mean),
                format!("{:.1}", report.slowdown.p95),
                length(report.makespan_s),
                format!("{:.0} %", 100.0 * used),
                format!("{:.3}", report.jain_tenants),
            ],
        );
    }
    format!("<table>\n{rows}</table>\n")
}

fn groups(report: &Report) -> String {
    let head = ["tenant or kind", "jobs", "core time", "slowdown", "wait p50", "p95", "p99"];
    let mut rows = row("th", &head.map(str::to_owned));
    for group in report.tenants.iter().take(20).chain(&report.kinds) {
        let Quantiles { p50, p95, p99, .. } = group.wait_s;
        rows += &row(
            "td",
            &[
                escape(&group.name),
                group.completed.to_string(),
                format!("{:.1} %", 100.0 * group.share),
                format!("{:.2}", group.slowdown.mean),
                length(p50),
                length(p95),
                length(p99),
            ],
        );
    }
    format!("<table>\n{rows}</table>\n")
}

/// Each tenant of the trace with its colour.
fn tenants(trace: &[TraceJob]) -> BTreeMap<&str, usize> {
    let mut tenants: BTreeMap<&str, usize> =
        trace.iter().map(|job| (job.tenant.as_str(), 0)).collect();
    tenants.values_mut().enumerate().for_each(|(index, colour)| *colour = index);
    tenants
}

/// A drawing area with its scales: `x` runs over `0..=across`, `y` over `0..=up`.
struct Plot {
    svg: String,
    height: f64,
    across: f64,
    up: f64,
}

impl Plot {
    fn new(height: f64, across: f64, up: f64) -> Self {
        let svg = format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n");
        Self { svg, height, across: across.max(f64::MIN_POSITIVE), up: up.max(f64::MIN_POSITIVE) }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - 14.0) * value / self.across
    }

    fn y(&self, value: f64) -> f64 {
        self.height - 26.0 - (self.height - 40.0) * value / self.up
    }

    fn grid(&mut self, label: impl Fn(f64) -> String) {
        for step in 0..=4 {
            let value = self.up * f64::from(step) / 4.0;
            let y = self.y(value);
            let _ = writeln!(
                self.svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - 14.0,
                LEFT - 8.0,
                y + 4.0,
                label(value)
            );
        }
    }

    fn across(&mut self, label: impl Fn(f64) -> String) {
        for step in 0..=5 {
            let value = self.across * f64::from(step) / 5.0;
            let anchor = ["start", "middle", "end"][usize::from(step > 0) + usize::from(step == 5)];
            let (x, y) = (self.x(value), self.height - 6.0);
            let text = label(value);
            let _ = writeln!(
                self.svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
            );
        }
    }

    fn curve(&mut self, points: &[(f64, f64)], colour: &str, filled: bool) {
        let path: Vec<_> =
            points.iter().map(|(x, y)| format!("{:.1} {:.1}", self.x(*x), self.y(*y))).collect();
        let path = path.join("L");
        if let (true, Some(first), Some(last)) = (filled, points.first(), points.last()) {
            let (from, to, floor) = (self.x(first.0), self.x(last.0), self.y(0.0));
            let _ = writeln!(
                self.svg,
                "<path class=\"area\" fill=\"{colour}\" d=\"M{from:.1} {floor:.1}L{path}L{to:.1} {floor:.1}Z\"/>"
            );
        }
        let _ = writeln!(self.svg, "<path class=\"curve\" stroke=\"{colour}\" d=\"M{path}\"/>");
    }

    fn done(self) -> String {
        self.svg + "</svg>\n"
    }
}

/// The part of jobs that had started after a wait, for each run, on a logarithmic scale.
fn waits(trace: &[TraceJob], runs: &[(Report, Run)]) -> String {
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
fn queue(trace: &[TraceJob], run: &Run) -> String {
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
    // At one moment ends come first: the room that they leave is what others start in.
    changes.sort_unstable_by_key(|(moment, _, runs)| (*moment, *runs));
    let (mut waiting, mut running) = (Vec::new(), Vec::new());
    let (mut now, mut next) = ((0, 0), changes.into_iter().peekable());
    for bin in 0..=BINS {
        let at = across * bin as f64 / BINS as f64;
        let mut most = now;
        while let Some((_, waits, runs)) =
            next.next_if(|(moment, _, _)| moment.since(from).as_secs_f64() <= at)
        {
            now = (now.0 + waits, now.1 + runs);
            most = (most.0.max(now.0), most.1.max(now.1));
        }
        waiting.push((at, most.0 as f64));
        running.push((at, most.1 as f64));
    }
    (waiting, running)
}

/// The jobs that ran longest, each a bar in the first row that is free, in its tenant's colour.
fn bars(trace: &[TraceJob], run: &Run, tenants: &BTreeMap<&str, usize>) -> String {
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
