//! The list of jobs.

mod filter;
mod find;
mod form;
mod moment;

use axum::extract::State;
use maud::{Markup, html};
use schema::{Job, Role};

use crate::{access::Caller, app::App};

pub(super) use filter::Filter;

use super::{
    error::PageError,
    extract::Asked,
    layout::{Page, Place},
    live::{List, Part, Shown},
    throughput, words,
};
use find::{Found, find};

pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Asked(filter): Asked<Filter>,
) -> Result<Page, PageError> {
    caller.demand_somewhere(Role::Read)?;
    let tenants = caller.tenants(Role::Read);
    let found = find(&app, &filter, tenants.only()).await?;
    let shown = lists(&app, &filter, &found, tenants.only()).await?;
    let [pace, rows] = &shown.lists[..] else { unreachable!("two lists were made") };
    let content = html! {
        div.title {
            h1 { "Jobs" }
            div #(pace.id) { (pace) }
        }
        (form::form(&filter))
        section.jobs {
            table.list {
                (head())
                tbody #(rows.id) { (rows) }
            }
        }
        (pages(&filter, &found))
    };
    Ok(Page::new("Jobs", Place::Jobs, content).live(filter.address("/jobs/live"), &shown))
}

/// What the page shows that changes, to whoever may see these tenants, or all.
pub(super) async fn shown(
    app: &App,
    filter: &Filter,
    tenants: Option<&[String]>,
) -> Result<Shown, PageError> {
    lists(app, filter, &find(app, filter, tenants).await?, tenants).await
}

async fn lists(
    app: &App,
    filter: &Filter,
    found: &Found,
    tenants: Option<&[String]>,
) -> Result<Shown, PageError> {
    // How many jobs come is only for those who may see all of them.
    let pace = match tenants {
        None => vec![pace(app).await?],
        Some(_) => Vec::new(),
    };
    let lists = vec![List { id: "pace", parts: pace }, rows(found)];
    Ok(Shown { lists, over: !is_live(filter) })
}

/// Whether new jobs belong on the page, and finding them is cheap.
fn is_live(filter: &Filter) -> bool {
    filter.after.is_none() && filter.text.is_none() && filter.table.is_none()
}

/// How many jobs came lately.
async fn pace(app: &App) -> Result<Part, PageError> {
    let html = throughput::last_hour(app).await?;
    Ok(Part { id: "accepted".to_owned(), html })
}

fn head() -> Markup {
    html! {
        thead { tr {
            th scope="col" { "Status" }
            th scope="col" { "Instruction" }
            th scope="col" { "Crop" }
            th scope="col" { "User" }
            th scope="col" { "Submitted" }
            th.number scope="col" { "Took" }
        } }
    }
}

fn rows(found: &Found) -> List {
    let part = |job: &Job| Part { id: format!("job-{}", job.id), html: row(job) };
    let mut parts: Vec<_> = found.jobs.iter().map(part).collect();
    if parts.is_empty() {
        parts.push(Part { id: "none".to_owned(), html: none(found.gave_up) });
    }
    List { id: "rows", parts }
}

fn row(job: &Job) -> Markup {
    html! {
        tr #{ "job-" (job.id) } {
            td { (words::status(job.status)) }
            td.what {
                a href={ "/jobs/" (job.id) } { (job.key) }
                @if let Some(message) = &job.message { span.message title=(message) { (words::brief(message)) } }
                @if let Some(progress) = words::under_way(job) {
                    progress aria-label="Progress" max=(progress.total) value=(progress.done) {}
                }
            }
            td.crop { (job.tenant.as_deref().unwrap_or_default()) }
            td.user { (job.submitted_by.as_deref().unwrap_or_default()) }
            td { (words::moment(job.submitted_at)) }
            td.number { (words::took(job)) }
        }
    }
}

fn none(gave_up: bool) -> Markup {
    html! {
        tr #none { td.none colspan="6" {
            @if gave_up {
                p { "Nothing was found among the jobs looked at so far." }
            } @else {
                p { b { "No job to be seen." } }
                p.hint {
                    "Press Finish in loaderUI, or hand one in with "
                    code { "digester submit load.json" }
                    ". If you asked for something special above, ask for less."
                }
            }
        } }
    }
}

fn pages(filter: &Filter, found: &Found) -> Markup {
    let address = |after| filter.starting(after).address("/jobs");
    if filter.after.is_none() && found.next.is_none() {
        return Markup::default();
    }
    html! {
        nav.pages aria-label="Pages" {
            @if filter.after.is_some() { a.button href=(address(None)) { "Newest" } }
            @if let Some(next) = found.next {
                @if found.gave_up {
                    p.hint {
                        "This is looked for job by job, "
                        @if let Some(made) = next.made_at() { "so far back to " (words::moment(made)) ". " }
                        "Choosing days makes it faster."
                    }
                    a.button rel="next" href=(address(Some(next))) { "Look further back" }
                } @else {
                    a.button rel="next" href=(address(Some(next))) { "Older" }
                }
            }
        }
    }
}
