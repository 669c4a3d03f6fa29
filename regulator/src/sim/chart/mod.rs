//! Runs of one trace side by side, as a page that needs nothing but itself.

mod pictures;
mod plot;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::report::length;
use super::{Quantiles, Report, Run, TraceJob};
use pictures::{bars, queue, waits};

const STYLE: &str = include_str!("chart.css");
const COLOURS: usize = 8;

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
