//! Jobs, for people.

use std::fmt::Write as _;

use anyhow::Context as _;
use indicatif::{HumanBytes, HumanDuration};
use jiff::{Timestamp, tz::TimeZone};
use schema::{Finding, Job, JobEvent, JobStatus, Page, Report, Severity};

use crate::data::say;

/// How much of a message a list shows.
const MESSAGE_CHARS: usize = 60;

/// One job in one line, or as JSON.
pub(crate) fn one_line(job: &Job, json: bool) -> anyhow::Result<()> {
    if json {
        return say(&serde_json::to_string_pretty(job)?);
    }
    say(&format!("{}  {}  {}", job.id, job.status, job.key))
}

/// A job that came to its end.
pub(crate) fn settled(job: &Job, json: bool) -> anyhow::Result<()> {
    if json {
        return say(&serde_json::to_string_pretty(job)?);
    }
    say(&headline(job))?;
    match &job.report {
        Some(report) => {
            self::report(&serde_json::from_str(report.get()).context("read the report")?)
        }
        None => Ok(()),
    }
}

/// A list.
pub(crate) fn jobs(page: &Page<Job>) -> anyhow::Result<()> {
    let head = ["job", "status", "kind", "submitted", "key", "message"].map(str::to_owned);
    let rows = page.items.iter().map(|job| {
        [
            job.id.to_string(),
            status(job),
            job.kind.to_string(),
            clock(job.submitted_at),
            job.key.to_string(),
            shorten(job.message.as_deref().unwrap_or_default()),
        ]
    });
    for line in columns(std::iter::once(head).chain(rows).collect()) {
        say(&line)?;
    }
    match &page.next {
        Some(next) => say(&format!("there are more: --after {next}")),
        None => Ok(()),
    }
}

/// All there is to know about a job.
pub(crate) fn job(job: &Job, events: &[JobEvent]) -> anyhow::Result<()> {
    say(&headline(job))?;
    for (name, value) in facts(job) {
        say(&format!("  {name:10} {value}"))?;
    }
    for reason in waiting(job) {
        say(&format!("  {:10} {reason}", "why"))?;
    }
    say("\nhistory")?;
    for event in events {
        say(&format!("  {}", history(event)))?;
    }
    match &job.report {
        Some(report) => {
            self::report(&serde_json::from_str(report.get()).context("read the report")?)
        }
        None => Ok(()),
    }
}

fn headline(job: &Job) -> String {
    let message = job.message.as_deref().unwrap_or_default();
    format!("job {} {}: {message}", job.id, job.status)
}

fn facts(job: &Job) -> Vec<(&'static str, String)> {
    let took = job.started_at.zip(job.settled_at);
    let took = took.and_then(|(begin, end)| end.duration_since(begin).try_into().ok());
    let facts = [
        ("key", Some(job.key.to_string())),
        ("kind", Some(job.kind.to_string())),
        ("tenant", job.tenant.clone()),
        ("sent by", job.submitted_by.clone()),
        ("submitted", Some(clock(job.submitted_at))),
        ("started", job.started_at.map(clock)),
        ("settled", job.settled_at.map(clock)),
        ("took", took.map(|took| HumanDuration(took).to_string())),
        ("attempts", Some(job.attempt.to_string())),
        ("node", job.node.as_ref().map(ToString::to_string)),
        ("stage", job.stage.clone()),
        ("reruns", job.rerun_of.map(|id| id.to_string())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Why a job waits, and until when.
fn waiting(job: &Job) -> Vec<String> {
    if job.status != JobStatus::Submitted {
        return Vec::new();
    }
    let Some(held) = &job.held else {
        return vec!["no digester service that answers has taken it yet".to_owned()];
    };
    let place = held.place.zip(held.queue_length);
    let place = place.map(|(place, length)| format!("number {place} of {length} in its queue"));
    let expected = held.expected_at.map(|at| format!("may start at about {}", clock(at)));
    place.into_iter().chain(held.waits_for.iter().cloned()).chain(expected).collect()
}

fn history(event: &JobEvent) -> String {
    let mut line = format!("{}  {:10}", clock(event.at), event.status);
    if let Some(stage) = &event.stage {
        let _ = write!(line, " {stage:16}");
    }
    let _ = write!(line, " {}", event.message.as_deref().unwrap_or_default());
    line
}

/// What a job left.
pub(crate) fn report(report: &Report) -> anyhow::Result<()> {
    if let Some(stage) = &report.failed_in {
        say(&format!("\nfailed in {stage}"))?;
    }
    for finding in &report.findings {
        say(&self::finding(finding))?;
    }
    if !report.tables.is_empty() {
        say("\ntables")?;
        let rows = report.tables.iter().map(|table| {
            let duplicates = match table.duplicates {
                0 => String::new(),
                count => format!("{count} duplicates left out"),
            };
            [format!("  {}", table.table), format!("{} rows", table.rows), duplicates]
        });
        for line in columns(rows.collect()) {
            say(&line)?;
        }
    }
    if !report.files.is_empty() {
        say("\nfiles")?;
        let rows = report.files.iter().map(|file| {
            [format!("  {}", file.path), HumanBytes(file.bytes).to_string(), file.sha256.clone()]
        });
        for line in columns(rows.collect()) {
            say(&line)?;
        }
    }
    Ok(())
}

fn finding(finding: &Finding) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = format!("\n{word}: {}", finding.message);
    if let Some(place) = place(finding) {
        let _ = write!(text, "\n  at      {place}");
    }
    if let Some(cell) = &finding.cell {
        let _ = write!(text, "\n  cell    {cell:?}");
    }
    if finding.count > 1 {
        let _ = write!(text, "\n  count   {}, this being the first", finding.count);
    }
    if let Some(remedy) = &finding.remedy {
        let _ = write!(text, "\n  remedy  {remedy}");
    }
    text
}

fn place(finding: &Finding) -> Option<String> {
    let mut place = finding.file.clone()?;
    if let Some(line) = finding.line {
        let _ = write!(place, ":{line}");
        if let Some(column) = finding.column {
            let _ = write!(place, ":{column}");
        }
    }
    Some(place)
}

fn status(job: &Job) -> String {
    match job.progress.filter(|progress| progress.total > 0 && !job.status.is_settled()) {
        Some(progress) => format!("{} {} %", job.status, progress.done * 100 / progress.total),
        None => job.status.to_string(),
    }
}

/// A time as the reader's clock shows it.
fn clock(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Cells as lines, each column as wide as its widest cell.
fn columns<const N: usize>(rows: Vec<[String; N]>) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or_default());
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![["a".to_owned(), "é!".to_owned()], ["bbb".to_owned(), "c".to_owned()]];
        assert_eq!(columns(rows), ["a    é!", "bbb  c"]);
    }

    #[test]
    fn a_finding_gives_place_cell_and_remedy() {
        let text = finding(&Finding {
            file: Some("/in/a.hmp.txt".to_owned()),
            line: Some(7),
            column: Some(12),
            cell: Some("Z".to_owned()),
            ..Finding::new(Severity::Error, "“Z” is no IUPAC code").remedy("correct the cell")
        });
        for part in ["error: ", "/in/a.hmp.txt:7:12", "\"Z\"", "correct the cell"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        assert_eq!(shorten(&"é".repeat(100)).chars().count(), MESSAGE_CHARS + 1);
        assert_eq!(shorten("one\ntwo"), "one");
    }
}
