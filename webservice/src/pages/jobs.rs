//! The list of jobs.

use axum::extract::State;
use maud::{Markup, html};
use schema::{Job, JobFilter, Role};

use crate::{access::Caller, app::App, error::Doing as _, store};

use super::{
    error::PageError,
    extract::Asked,
    layout::{Page, Place},
    words,
};

/// How many jobs a page shows.
const PAGE: i64 = 50;

pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Asked(filter): Asked<JobFilter>,
) -> Result<Page, PageError> {
    caller.demand_somewhere(Role::Read)?;
    let tenants = caller.tenants(Role::Read);
    let found = store::job::list(&app.db, &filter, tenants.only(), PAGE).await;
    let jobs = found.doing("list the jobs")?;
    let content = html! {
        h1 { "Jobs" }
        (table(&jobs))
    };
    Ok(Page::new("Jobs", Place::Jobs, content))
}

fn table(jobs: &[Job]) -> Markup {
    html! {
        table.list.jobs {
            thead { tr {
                th scope="col" { "Status" }
                th scope="col" { "Instruction" }
                th scope="col" { "Crop" }
                th scope="col" { "User" }
                th scope="col" { "Submitted" }
                th.number scope="col" { "Took" }
            } }
            tbody { @for job in jobs { (row(job)) } }
        }
    }
}

fn row(job: &Job) -> Markup {
    html! {
        tr #{ "job-" (job.id) } {
            td { (words::status(job.status)) }
            td.what {
                a href={ "/jobs/" (job.id) } { (job.key) }
                @if let Some(message) = &job.message { span.message { (message) } }
            }
            td { (job.tenant.as_deref().unwrap_or_default()) }
            td { (job.submitted_by.as_deref().unwrap_or_default()) }
            td { (words::moment(job.submitted_at)) }
            td.number { (words::took(job)) }
        }
    }
}
