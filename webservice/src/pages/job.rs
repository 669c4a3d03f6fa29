//! One job: its way, why it waits, how far it is, what it left, and why it failed.

pub(super) mod findings;
mod matrix;
mod now;
mod result;
mod way;

use axum::{extract::State, response::Redirect};
use maud::{Markup, html};
use schema::{Job, JobEvent, JobId, JobStatus, Report};

use crate::{access::Caller, app::App, error::Doing as _, routes::job as action, store};

use super::{
    error::PageError,
    extract::Named,
    layout::{Page, Place},
    live::{List, Part, Shown},
    words,
};

/// How many lines of its history a page shows; a job that has more has been tried often.
const EVENTS: i64 = 500;

/// All that is known of a job.
struct Known {
    job: Job,
    events: Vec<JobEvent>,
    report: Option<Report>,
    /// Whether the files that it wrote can be had.
    downloads: bool,
}

pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<JobId>,
) -> Result<Page, PageError> {
    let known = known(&app, action::look_up(&app, &caller, id).await?).await?;
    let shown = known.shown();
    let title = format!("{} {}", known.job.key, known.job.status);
    let content = html! {
        p.crumb { a href="/jobs" { "Jobs" } " / Job " (known.job.number) }
        @for list in &shown.lists { div.stack #(list.id) { (list) } }
    };
    Ok(Page::new(title, Place::Jobs, content).live(format!("/jobs/{id}/live"), &shown))
}

/// What the page shows of a job, to whoever may see it.
pub(super) async fn shown(app: &App, id: JobId) -> Result<Shown, PageError> {
    Ok(known(app, action::whole(app, id).await?).await?.shown())
}

pub(super) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<JobId>,
) -> Result<Redirect, PageError> {
    let job = action::cancel(&app, &caller, id).await?;
    Ok(to(&job))
}

pub(super) async fn rerun(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<JobId>,
) -> Result<Redirect, PageError> {
    let job = action::rerun(&app, &caller, id).await?;
    Ok(to(&job))
}

fn to(job: &Job) -> Redirect {
    Redirect::to(&format!("/jobs/{}", job.id))
}

async fn known(app: &App, job: Job) -> Result<Known, PageError> {
    let events = store::event::list(&app.pages, job.id, 0, EVENTS).await;
    let events = events.doing("list the events")?;
    // What another kind or version left may look different: then it is not shown here.
    let report = job.report.as_ref().and_then(|report| serde_json::from_str(report.get()).ok());
    Ok(Known { job, events, report, downloads: app.config.downloads })
}

impl Known {
    /// What is told of the job, most wanted first.
    fn shown(&self) -> Shown {
        let Self { job, events, report, .. } = self;
        let files = self.downloads.then(|| format!("/job/{}/files", job.id));
        let report = report.as_ref();
        let sections = [
            ("head", Some(head(job))),
            ("now", now::section(job, events)),
            ("findings", report.and_then(findings::section)),
            ("way", Some(way::section(job, events, report))),
            ("result", report.and_then(|report| result::section(report, files.as_deref()))),
            ("matrix", report.and_then(|report| report.matrix.as_ref()).map(matrix::section)),
            ("history", Some(history(events))),
        ];
        let part =
            |(id, html): (&str, Option<Markup>)| Some(Part { id: id.to_owned(), html: html? });
        let parts = sections.into_iter().filter_map(part).collect();
        Shown { lists: vec![List { id: "job", parts }], over: job.status.is_settled() }
    }
}

fn head(job: &Job) -> Markup {
    html! {
        section.head #head {
            h1.name { (job.key) " " (words::status(job.status)) }
            @if let Some(message) = said(job) { p.lead.(job.status.as_str()) title=(message) { (words::brief(message)) } }
            dl.facts {
                @if let Some(tenant) = &job.tenant { div { dt { "Crop" } dd { (tenant) } } }
                @if let Some(user) = &job.submitted_by { div { dt { "User" } dd { (user) } } }
                div { dt { "Submitted" } dd { (words::moment(job.submitted_at)) } }
                @if let Some(settled) = job.settled_at {
                    div { dt { "Ended" } dd { (words::moment(settled)) } }
                }
                div { dt { "Took" } dd { (words::took(job)) } }
                div { dt { "Attempts" } dd { (job.attempt) } }
                @if let Some(node) = &job.node { div { dt { "Node" } dd { (node) } } }
                div { dt { "Kind" } dd { (job.kind) } }
            }
            (actions(job))
        }
    }
}

/// The last word about the job, unless others say it better.
fn said(job: &Job) -> Option<&str> {
    let message = job.message.as_deref()?;
    (job.status != JobStatus::Running).then_some(message)
}

fn actions(job: &Job) -> Markup {
    html! {
        div.actions {
            a.button href={ "/instructions/" (words::segment(job.key.as_str())) } { "Instruction" }
            @if let Some(first) = job.rerun_of {
                a.button href={ "/jobs/" (first) } { "The job it does over" }
            }
            @if job.status.is_settled() {
                a.button href={ "/instructions/" (words::segment(job.key.as_str())) "/edit" } {
                    "Edit and run again"
                }
                form method="post" action={ "/jobs/" (job.id) "/rerun" } {
                    button.primary { "Run again" }
                }
            } @else if job.cancel_requested {
                p.hint { "Its end was asked for; its digester stops as soon as it can." }
            } @else {
                form method="post" action={ "/jobs/" (job.id) "/cancel" } {
                    button.danger { "Cancel" }
                }
            }
        }
    }
}

fn history(events: &[JobEvent]) -> Markup {
    html! {
        section #history {
            h2 { "History" }
            ol.events {
                @for event in events {
                    li {
                        (words::moment(event.at))
                        (words::status(event.status))
                        span.message {
                            @if let Some(stage) = &event.stage { b { (stage) } " " }
                            (event.message.as_deref().unwrap_or_default())
                        }
                    }
                }
            }
        }
    }
}
