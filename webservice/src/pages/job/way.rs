//! The way of a job as a time line: how long it waited, and how long each stage took.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};
use schema::{Job, JobEvent, JobStatus, Report};

use crate::pages::{chart, words};

/// A stretch of the way.
#[derive(Debug, PartialEq)]
struct Stretch {
    name: String,
    status: JobStatus,
    from: Timestamp,
    /// `None` while it goes on.
    to: Option<Timestamp>,
}

pub(super) fn section(job: &Job, events: &[JobEvent], report: Option<&Report>) -> Markup {
    let stretches = stretches(job, events, report);
    // What goes on is drawn as far as it was heard of.
    let end = job.settled_at.unwrap_or(job.updated_at);
    let all = words::between(job.submitted_at, end);
    let offset = |at: Timestamp| words::between(job.submitted_at, at);
    html! {
        section #way {
            h2 { "The way of the job" }
            ol.way {
                @for stretch in &stretches {
                    li {
                        span.name { (stretch.name) }
                        (chart::span(offset(stretch.from), offset(stretch.to.unwrap_or(end)), all,
                                     stretch.status.as_str()))
                        span.number {
                            @match stretch.to {
                                Some(to) => (words::length(words::between(stretch.from, to))),
                                None => (words::since(stretch.from)),
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The stretches as their beginnings were heard of. What a report tells of the last attempt is more
/// exact: word of a stage may come late, together with that of the next.
fn stretches(job: &Job, events: &[JobEvent], report: Option<&Report>) -> Vec<Stretch> {
    let told = report.filter(|report| !report.stages.is_empty());
    let (Some(report), Some(started)) = (told, job.started_at) else {
        return heard(events);
    };
    let before = events.iter().take_while(|event| event.attempt < job.attempt);
    let mut stretches = heard(&before.cloned().collect::<Vec<_>>());
    if let Some(last) = stretches.last_mut() {
        last.to = Some(started);
    }
    let mut from = started;
    for stage in &report.stages {
        let to = from + Duration::from_millis(stage.duration_ms);
        let name = stage.stage.clone();
        stretches.push(Stretch { name, status: JobStatus::Running, from, to: Some(to) });
        from = to;
    }
    stretches
}

fn heard(events: &[JobEvent]) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for event in events {
        if let Some(last) = stretches.last_mut() {
            last.to.get_or_insert(event.at);
        }
        if !event.status.is_settled() {
            stretches.push(Stretch {
                name: name(event),
                status: event.status,
                from: event.at,
                to: None,
            });
        }
    }
    stretches
}

fn name(event: &JobEvent) -> String {
    match (&event.stage, event.status, event.attempt) {
        (Some(stage), ..) => stage.clone(),
        (None, JobStatus::Running, 1) => "starting".to_owned(),
        (None, JobStatus::Running, attempt) => format!("starting, attempt {attempt}"),
        _ => "waiting".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use schema::{JobId, StageTime};
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn event(second: i64, status: JobStatus, attempt: u32, stage: Option<&str>) -> JobEvent {
        JobEvent {
            id: second,
            job: JobId(uuid::Uuid::nil()),
            at: at(second),
            status,
            attempt,
            stage: stage.map(str::to_owned),
            node: None,
            message: None,
        }
    }

    fn job(status: JobStatus, attempt: u32) -> Job {
        let (begun, ended) = (at(4), status.is_settled().then(|| at(9)));
        serde_json::from_value(json!({
            "id": uuid::Uuid::nil(), "number": 1, "key": "k", "kind": "loader", "status": status,
            "attempt": attempt, "submitted_at": at(0), "started_at": begun, "updated_at": begun,
            "settled_at": ended,
        }))
        .unwrap()
    }

    fn told(stretches: &[Stretch]) -> Vec<(&str, i64, Option<i64>)> {
        let told = |stretch| {
            let Stretch { name, from, to, .. }: &Stretch = stretch;
            (name.as_str(), from.as_second(), to.map(Timestamp::as_second))
        };
        stretches.iter().map(told).collect()
    }

    #[test]
    fn a_stretch_ends_where_the_next_begins_and_the_last_goes_on() {
        let events = [
            event(0, JobStatus::Submitted, 0, None),
            event(4, JobStatus::Running, 1, None),
            event(5, JobStatus::Running, 1, Some("digest")),
        ];
        let way = stretches(&job(JobStatus::Running, 1), &events, None);
        let expected = [("waiting", 0, Some(4)), ("starting", 4, Some(5)), ("digest", 5, None)];
        assert_eq!(told(&way), expected);
    }

    #[test]
    fn a_report_knows_better_how_long_the_stages_of_the_last_attempt_took() {
        let events = [
            event(0, JobStatus::Submitted, 0, None),
            event(1, JobStatus::Running, 1, None),
            event(3, JobStatus::Submitted, 1, None),
            event(4, JobStatus::Running, 2, None),
            event(8, JobStatus::Running, 2, Some("digest")),
            event(9, JobStatus::Completed, 2, None),
        ];
        let stage = |stage: &str, duration_ms| StageTime { stage: stage.to_owned(), duration_ms };
        let stages = vec![stage("validation", 1000), stage("digest", 3000)];
        let report = Report { stages, ..Report::default() };
        let way = stretches(&job(JobStatus::Completed, 2), &events, Some(&report));
        let expected = [
            ("waiting", 0, Some(1)),
            ("starting", 1, Some(3)),
            ("waiting", 3, Some(4)),
            ("validation", 4, Some(5)),
            ("digest", 5, Some(8)),
        ];
        assert_eq!(told(&way), expected);
    }
}
