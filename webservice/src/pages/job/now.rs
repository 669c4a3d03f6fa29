//! What an unsettled job is at: how far it is, or why it waits.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};
use schema::{Held, Job, JobEvent, JobStatus, Progress};

use crate::pages::words;

pub(super) fn section(job: &Job, events: &[JobEvent]) -> Option<Markup> {
    match job.status {
        JobStatus::Running => Some(running(job, events)),
        JobStatus::Submitted => Some(waiting(job)),
        _ => None,
    }
}

fn running(job: &Job, events: &[JobEvent]) -> Markup {
    let stage = job.stage.as_deref().unwrap_or("starting");
    html! {
        section.now #now {
            h2 { "Now: " (stage) }
            @if let Some(progress) = words::under_way(job) {
                (bar(progress, Speed::of(progress, begun(job, events), job.updated_at)))
            } @else {
                progress aria-label="Progress" {}
                @if let Some(message) = &job.message { p.hint { (message) } }
            }
        }
    }
}

/// When the present stage began, as far as was heard.
fn begun(job: &Job, events: &[JobEvent]) -> Timestamp {
    let stage = events.iter().rev().find(|event| event.stage.is_some());
    stage.map(|event| event.at).or(job.started_at).unwrap_or(job.submitted_at)
}

fn bar(progress: Progress, speed: Option<Speed>) -> Markup {
    let part = progress.done as f64 / progress.total as f64;
    html! {
        progress aria-label="Progress" max=(progress.total) value=(progress.done) {}
        p.measure {
            b { (format!("{:.0} %", 100.0 * part)) }
            span { (words::bytes(progress.done)) " of " (words::bytes(progress.total)) }
            @if let Some(speed) = speed {
                span { (words::bytes(speed.per_second)) "/s" }
                span { "about " (words::length(speed.left)) " left" }
            }
        }
    }
}

/// How fast a stage has gone so far, and how long it takes if it goes on like that.
#[derive(Debug, PartialEq)]
struct Speed {
    per_second: u64,
    left: Duration,
}

impl Speed {
    /// `None` while there is too little to tell by, and once nothing is left.
    fn of(progress: Progress, begun: Timestamp, heard: Timestamp) -> Option<Self> {
        let taken = words::between(begun, heard).as_secs_f64();
        let left = progress.total.checked_sub(progress.done).filter(|left| *left > 0)?;
        if taken < 0.5 || progress.done == 0 {
            return None;
        }
        let per_second = progress.done as f64 / taken;
        let left = Duration::try_from_secs_f64((left as f64 / per_second).ceil()).ok()?;
        Some(Self { per_second: per_second as u64, left })
    }
}

fn waiting(job: &Job) -> Markup {
    html! {
        section.now #now {
            h2 { "Why it waits" }
            @match (&job.node, job.held.as_deref()) {
                (Some(_), Some(held)) => (reasons(held)),
                (Some(node), None) => p {
                    "Node " b { (node) } " has it, and does not say just now what it waits for."
                },
                (None, _) => p {
                    "No node has taken it yet. It is handed over as soon as a node that serves kind "
                    b { (job.kind) } " has room: " a href="/nodes" { "see the nodes" } "."
                },
            }
        }
    }
}

fn reasons(held: &Held) -> Markup {
    html! {
        @if held.waits_for.is_empty() {
            p { "It is about to start." }
        } @else {
            ul.reasons { @for reason in &held.waits_for { li { (reason) } } }
        }
        p.measure {
            @if let (Some(place), Some(length)) = (held.place, held.queue_length) {
                span { "place " b { (words::count(place)) } " of " (words::count(length)) }
            }
            @if let Some(expected) = held.expected_at {
                span { "expected to start " (words::moment(expected)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_is_left_takes_as_long_as_it_took_so_far() {
        let speed = Speed::of(Progress { done: 300, total: 1000 }, at(10), at(13));
        assert_eq!(speed, Some(Speed { per_second: 100, left: Duration::from_secs(7) }));
    }

    #[test]
    fn no_guess_is_made_by_next_to_nothing() {
        for (done, total, second) in [(0, 10, 60), (5, 10, 0), (10, 10, 60), (11, 10, 60)] {
            assert_eq!(Speed::of(Progress { done, total }, at(0), at(second)), None, "{done}");
        }
    }
}
