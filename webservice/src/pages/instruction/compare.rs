//! What differs between two instructions.

use std::collections::BTreeSet;

use axum::extract::State;
use maud::{Markup, html};
use schema::{Instruction, JobFilter, Key, Role};
use serde::Deserialize;
use serde_json::Value;

use crate::{access::Caller, app::App, error::Doing as _, routes::instruction::look_up, store};

use super::difference::{Difference, What, differences};
use crate::pages::{
    error::PageError,
    extract::{Asked, Named},
    layout::{Page, Place},
    words,
};

/// How many differences a page shows.
const SHOWN: usize = 400;
/// How many of the newest jobs are looked at for instructions to compare with.
const LATELY: i64 = 300;
/// How many instructions are offered.
const OFFERED: usize = 12;

/// Which instruction to compare with.
#[derive(Deserialize)]
pub(crate) struct With {
    #[serde(default)]
    with: Option<Key>,
}

pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(key): Named<Key>,
    Asked(With { with }): Asked<With>,
) -> Result<Page, PageError> {
    let instruction = look_up(&app, &caller, key).await?;
    let other = match with.or_else(|| instruction.parent.clone()) {
        Some(key) => Some(look_up(&app, &caller, key).await?),
        None => None,
    };
    let offered = lately(&app, &caller, &instruction).await?;
    let key = words::segment(instruction.key.as_str());
    let content = html! {
        p.crumb {
            a href="/jobs" { "Jobs" } " / "
            a href={ "/instructions/" (key) } { "Instruction" } " / Comparison"
        }
        section {
            h1.name {
                @match &other {
                    Some(other) => { "From " (other.key) " to " (instruction.key) }
                    None => { "Compare " (instruction.key) }
                }
            }
            (choose(&instruction, other.as_ref(), &offered))
        }
        @if let Some(other) = &other { (comparison(other, &instruction)) }
    };
    Ok(Page::new(format!("{} compared", instruction.key), Place::Jobs, content))
}

/// What may be compared with: where the instruction came from, and others of its tenant lately.
async fn lately(
    app: &App,
    caller: &Caller,
    instruction: &Instruction,
) -> Result<Vec<Key>, PageError> {
    // Of a few jobs, whosever they are: so it costs the same however many jobs others have.
    let jobs = store::job::list(&app.db, &JobFilter::default(), None, LATELY).await;
    let jobs = jobs.doing("list the jobs")?;
    let mut known = BTreeSet::from([instruction.key.clone()]);
    let others = jobs
        .into_iter()
        .filter(|job| job.tenant == instruction.tenant && job.kind == instruction.kind)
        .filter(|job| caller.may(Role::Read, job.tenant.as_deref()))
        .map(|job| job.key);
    let offered = instruction.parent.iter().cloned().chain(others);
    Ok(offered.filter(|key| known.insert(key.clone())).take(OFFERED).collect())
}

fn choose(instruction: &Instruction, other: Option<&Instruction>, offered: &[Key]) -> Markup {
    let path = format!("/instructions/{}/diff", words::segment(instruction.key.as_str()));
    html! {
        form.actions method="get" action=(path) {
            label for="with" { "Compare with" }
            input #with name="with" list="offered" size="36" required autocomplete="off"
                value=[other.map(|other| &other.key)];
            datalist #offered { @for key in offered { option value=(key) {} } }
            button { "Compare" }
        }
        @if !offered.is_empty() {
            p.offered {
                span.muted { "Lately: " }
                @for key in offered {
                    a href={ (path) "?with=" (words::segment(key.as_str())) } { (key) } " "
                }
            }
        }
    }
}

fn comparison(before: &Instruction, after: &Instruction) -> Markup {
    let value = |of: &Instruction| serde_json::from_str::<Value>(of.body.get());
    let (Ok(old), Ok(new)) = (value(before), value(after)) else {
        return html! { p.hint { "One of them is nested too deep to be compared." } };
    };
    let found = differences(&old, &new);
    html! {
        section #differences {
            h2 { (words::counted(found.len() as u64, "difference")) }
            @if found.is_empty() {
                p.hint { "They say the same, white space and order of names aside." }
            } @else {
                div.scroll tabindex="0" role="region" aria-label="Differences" {
                    table.list.differences {
                        thead { tr {
                            th scope="col" { "What" } th scope="col" { "Where" }
                            th scope="col" { "Before" } th scope="col" { "After" }
                        } }
                        tbody { @for one in found.iter().take(SHOWN) { (row(one)) } }
                    }
                }
            }
            @if found.len() > SHOWN { p.hint { "The first " (SHOWN) " are shown." } }
        }
    }
}

fn row(Difference { path, what, before, after }: &Difference) -> Markup {
    let (class, sign, word) = match what {
        What::Added => ("added", "+", "added"),
        What::Removed => ("removed", "−", "removed"),
        What::Changed => ("changed", "±", "changed"),
        What::Moved => ("moved", "⇅", "moved"),
    };
    html! {
        tr {
            td { span.what-is.(class) { span aria-hidden="true" { (sign) } " " (word) } }
            th scope="row" { code { @if path.is_empty() { "the whole" } @else { (path) } } }
            td { @if let Some(before) = before { del { (before) } } }
            td { @if let Some(after) = after { ins { (after) } } }
        }
    }
}
