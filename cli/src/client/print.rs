//! Jobs, for people.

use std::{collections::HashSet, fmt::Write as _};

use anyhow::Context as _;
use console::Style;
use indicatif::HumanDuration;
use jiff::{Timestamp, Zoned, tz::TimeZone};
use schema::{
    Job, JobEvent, JobStatus, Node, NodeState, Notification, NotificationStatus, Page, Report,
};

use crate::{
    data::say,
    report,
    terminal::{self, Cell, Column, Table},
};

/// How much of a key a list shows at least.
const KEY_CHARS: usize = 16;
/// How much of a message a list shows at least, if it shows any.
const MESSAGE_CHARS: usize = 12;

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
    left(job)
}

/// A list.
pub(crate) fn jobs(page: &Page<Job>) -> anyhow::Result<()> {
    jobs_lines(&page.items).iter().try_for_each(|line| say(line))?;
    more(page)
}

/// Where a list goes on.
fn more<T>(page: &Page<T>) -> anyhow::Result<()> {
    match &page.next {
        Some(next) => say(&terminal::faint(&format!("there are more: --after {next}"))),
        None => Ok(()),
    }
}

/// A job that changed, in one line: as JSON it is one object.
pub(crate) fn change(job: &Job, json: bool) -> anyhow::Result<()> {
    if json {
        return say(&serde_json::to_string(job)?);
    }
    let (at, id, key) = (clock(job.updated_at), job.id, &job.key);
    let message = job.message.as_deref().unwrap_or_default();
    say(&format!("{at}  {id}  {}  {key}  {message}", status(job)))
}

/// Jobs, one a row, below their columns' names.
pub(crate) fn jobs_lines(jobs: &[Job]) -> Vec<String> {
    let mut table = Table::new(vec![
        Column::plain("job").left_out(1),
        Column::plain("status"),
        Column::plain("kind").left_out(0),
        Column::plain("submitted").left_out(2),
        Column::plain("key").at_least(KEY_CHARS),
        Column::plain("message").at_least(MESSAGE_CHARS).left_out(3),
    ]);
    for job in jobs {
        table.row(vec![
            job.id.to_string().into(),
            Cell::styled(status(job), colour(job.status)),
            job.kind.to_string().into(),
            clock(job.submitted_at).into(),
            job.key.to_string().into(),
            job.message.clone().unwrap_or_default().into(),
        ]);
    }
    table.lines(terminal::width())
}

/// Good news, bad news, and what goes on.
pub(crate) fn colour(status: JobStatus) -> Style {
    match status {
        JobStatus::Submitted => Style::new().yellow(),
        JobStatus::Running => Style::new().cyan(),
        JobStatus::Completed => Style::new().green(),
        JobStatus::Failed => Style::new().red(),
        JobStatus::Cancelled => Style::new().dim(),
    }
}

/// The digester services.
pub(crate) fn nodes(nodes: &[Node]) -> anyhow::Result<()> {
    let mut table = Table::new(vec![
        Column::plain("node"),
        Column::plain("state"),
        Column::plain("runs"),
        Column::plain("holds"),
        Column::plain("of").left_out(4),
        Column::plain("kinds").left_out(2),
        Column::plain("version").left_out(0),
        Column::plain("heard").left_out(3),
        Column::plain("address").left_out(1),
    ]);
    for node in nodes {
        let kinds: Vec<_> = node.kinds.iter().map(ToString::to_string).collect();
        let (state, colour) = match node.state {
            NodeState::Live => ("live", Style::new().green()),
            NodeState::Lapsed => ("lapsed", Style::new().red()),
        };
        table.row(vec![
            node.id.to_string().into(),
            Cell::styled(state, colour),
            node.running.to_string().into(),
            node.held.to_string().into(),
            node.capacity.to_string().into(),
            kinds.join(", ").into(),
            node.version.clone().into(),
            clock(node.seen_at).into(),
            node.address.clone().into(),
        ]);
    }
    table.lines(terminal::width()).iter().try_for_each(|line| say(line))
}

/// Who was told of the ends of jobs.
pub(crate) fn notifications(page: &Page<Notification>) -> anyhow::Result<()> {
    let mut table = Table::new(vec![
        Column::plain("id"),
        Column::plain("status"),
        Column::plain("tries").left_out(0),
        Column::plain("job").left_out(1),
        Column::plain("tried").left_out(2),
        Column::plain("to").at_least(KEY_CHARS),
        Column::plain("error").at_least(MESSAGE_CHARS).left_out(3),
    ]);
    for told in &page.items {
        let colour = match told.status {
            NotificationStatus::Pending => Style::new().yellow(),
            NotificationStatus::Sent => Style::new().green(),
            NotificationStatus::Dead => Style::new().red(),
        };
        table.row(vec![
            told.id.to_string().into(),
            Cell::styled(told.status.to_string(), colour),
            told.tries.to_string().into(),
            told.job.to_string().into(),
            clock(told.updated_at).into(),
            told.to.to_string().into(),
            told.error.clone().unwrap_or_default().into(),
        ]);
    }
    table.lines(terminal::width()).iter().try_for_each(|line| say(line))?;
    more(page)
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
    history(events).iter().try_for_each(|line| say(&format!("  {line}")))?;
    left(job)
}

fn headline(job: &Job) -> String {
    let message = terminal::plain(job.message.as_deref().unwrap_or_default());
    format!("job {} {}: {message}", job.id, colour(job.status).apply_to(job.status))
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

fn history(events: &[JobEvent]) -> Vec<String> {
    let mut table = Table::new(vec![
        Column::plain("").left_out(1),
        Column::plain(""),
        Column::plain("").left_out(0),
        Column::plain("").at_least(MESSAGE_CHARS),
    ])
    .headless();
    let days: HashSet<_> = events.iter().map(|event| zoned(event.at).date()).collect();
    for event in events {
        let clock = if days.len() == 1 { time_of_day(event.at) } else { clock(event.at) };
        table.row(vec![
            clock.into(),
            Cell::styled(event.status.to_string(), colour(event.status)),
            event.stage.clone().unwrap_or_default().into(),
            event.message.clone().unwrap_or_default().into(),
        ]);
    }
    table.lines(terminal::width().map(|width| width.saturating_sub(2)))
}

/// One event, whole, in one line.
pub(crate) fn event(event: &JobEvent) -> String {
    let status = colour(event.status).apply_to(format!("{:9}", event.status));
    let mut line = format!("{}  {status}", clock(event.at));
    for part in [&event.stage, &event.message].into_iter().flatten() {
        let _ = write!(line, "  {}", terminal::plain(part));
    }
    line
}

/// What a job left.
fn left(job: &Job) -> anyhow::Result<()> {
    let Some(report) = &job.report else { return Ok(()) };
    let report: Report = serde_json::from_str(report.get()).context("read the report")?;
    say("")?;
    report::lines(&report).iter().try_for_each(|line| say(line))
}

fn status(job: &Job) -> String {
    match job.progress.filter(|progress| progress.total > 0 && !job.status.is_settled()) {
        Some(progress) => format!("{} {} %", job.status, progress.done * 100 / progress.total),
        None => job.status.to_string(),
    }
}

/// A time as the reader's clock shows it.
pub(crate) fn clock(time: Timestamp) -> String {
    zoned(time).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The same where the day is known.
fn time_of_day(time: Timestamp) -> String {
    zoned(time).strftime("%H:%M:%S").to_string()
}

fn zoned(time: Timestamp) -> Zoned {
    time.to_zoned(TimeZone::system())
}
