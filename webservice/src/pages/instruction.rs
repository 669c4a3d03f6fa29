//! An instruction: what it says, what it makes of its input, and what became of it.

pub(super) mod compare;
mod difference;
mod drawing;
pub(super) mod edit;
mod preview;
mod text;

use axum::extract::State;
use maud::{Markup, html};
use schema::{Instruction, Job, JobFilter, Key, Role};
use serde::Deserialize;

use crate::{
    access::Caller,
    app::App,
    error::Doing as _,
    routes::instruction::look_up,
    store::{self, instruction::Child},
};

use super::{
    error::PageError,
    extract::{Asked, Named},
    layout::{Page, Place},
    live::{List, Part, Shown},
    words,
};

/// How many of its jobs a page shows.
const JOBS: i64 = 20;
/// How many of the instructions that were made from it a page names.
const CHILDREN: i64 = 50;

/// How the text is to be shown.
#[derive(Deserialize)]
pub(super) struct View {
    /// Exactly as it was sent, line breaks and all.
    #[serde(default)]
    sent: bool,
}

pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(key): Named<Key>,
    Asked(view): Asked<View>,
) -> Result<Page, PageError> {
    let instruction = look_up(&app, &caller, key).await?;
    let shown = shown(&app, &instruction.key).await?;
    let children = store::instruction::children(&app.db, &instruction.key, CHILDREN).await;
    let mut children = children.doing("list what was made of the instruction")?;
    children.retain(|child| caller.may(Role::Read, child.tenant.as_deref()));
    let edits = caller.may(Role::Submit, instruction.tenant.as_deref());
    let mapping = app.mapping(&instruction);
    let content = html! {
        p.crumb { a href="/jobs" { "Jobs" } " / Instruction" }
        (head(&instruction, &children, edits))
        section {
            h2 { "What became of it" }
            @for list in &shown.lists { ol.outcomes #(list.id) { (list) } }
        }
        @if let Some(mapping) = &mapping { (drawing::section(mapping)) }
        (text::section(&instruction, view.sent))
    };
    let page = Page::new(instruction.key.to_string(), Place::Jobs, content);
    Ok(page.live(format!("{}/live", address(&instruction.key)), &shown))
}

/// What the page shows that changes: the jobs that execute it.
pub(super) async fn shown(app: &App, key: &Key) -> Result<Shown, PageError> {
    let filter = JobFilter { key: Some(key.clone()), ..JobFilter::default() };
    let jobs = store::job::list(&app.pages, &filter, None, JOBS).await.doing("list the jobs")?;
    let part = |job: &Job| Part { id: format!("job-{}", job.id), html: outcome(job) };
    let parts = jobs.iter().map(part).collect();
    Ok(Shown { lists: vec![List { id: "outcomes", parts }], over: false })
}

fn address(key: &Key) -> String {
    format!("/instructions/{}", words::segment(key.as_str()))
}

fn head(instruction: &Instruction, children: &[Child], edits: bool) -> Markup {
    let path = address(&instruction.key);
    html! {
        section.head {
            h1.name { (instruction.key) }
            dl.facts {
                @if let Some(tenant) = &instruction.tenant { div { dt { "Crop" } dd { (tenant) } } }
                @if let Some(user) = &instruction.submitted_by { div { dt { "User" } dd { (user) } } }
                div { dt { "Accepted" } dd { (words::moment(instruction.created_at)) } }
                div { dt { "Kind" } dd { (instruction.kind) } }
                @if let Some(parent) = &instruction.parent {
                    div { dt { "Made from" } dd { (link(parent)) } }
                }
                @if !children.is_empty() {
                    div {
                        dt { "Was changed into" }
                        dd { @for child in children { (link(&child.key)) " " } }
                    }
                }
            }
            div.actions {
                @if edits { a.button.primary href={ (path) "/edit" } { "Edit and run again" } }
                a.button href={ (path) "/diff" } { "Compare" }
            }
        }
    }
}

fn link(key: &Key) -> Markup {
    html! { a href=(address(key)) { (key) } }
}

fn outcome(job: &Job) -> Markup {
    html! {
        li #{ "job-" (job.id) } {
            (words::status(job.status))
            a href={ "/jobs/" (job.id) } { "Job " (job.number) }
            span { (words::moment(job.submitted_at)) }
            span.message { (job.message.as_deref().unwrap_or_default()) }
        }
    }
}
