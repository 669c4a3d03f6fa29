//! An instruction changed and run again: checked first, then a new one with a link to its parent.

use axum::{
    extract::{Form, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use schema::{Instruction, Key, NewInstruction, Notify, Preview, Problem, Role};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    access::{Caller, Deed},
    app::{App, Refusal},
    error::{ApiError, Doing as _},
    notify,
    pages::{
        edit::{area, own_line_ends},
        error::PageError,
        extract::Named,
        layout::{Page, Place},
    },
    routes::instruction::{accept, look_up},
    store,
};

use super::{preview, text::pretty};

/// How many keys are tried for one that is free.
const KEYS_TRIED: u32 = 50;

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Draft {
    key: String,
    body: String,
    /// Whether those are told of the end who are told of the parent's.
    #[serde(default)]
    tell: bool,
    action: Action,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Check,
    Submit,
}

/// What is changed, and who is told of the ends of its jobs.
struct Parent {
    instruction: Instruction,
    told: Vec<Notify>,
}

/// What the form shows.
struct Shown<'a> {
    key: &'a str,
    body: &'a str,
    tell: bool,
}

/// What is said about a draft.
enum Said {
    Nothing,
    /// It was looked at as far as that was possible.
    Checked(Preview),
    /// It can be submitted, but nobody could look at its files; why.
    Unseen(String),
    Wrong(Refusal),
    WrongKey(String),
}

pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(key): Named<Key>,
) -> Result<Page, PageError> {
    let parent = let_edit(&app, &caller, key).await?;
    let key = free_key(&app, &parent.instruction.key).await?;
    let body = pretty(parent.instruction.body.get());
    let shown = Shown { key: &key, body: &body, tell: true };
    Ok(page(&parent, &shown, &Said::Nothing))
}

pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Named(key): Named<Key>,
    Form(draft): Form<Draft>,
) -> Result<Response, PageError> {
    let parent = let_edit(&app, &caller, key).await?;
    // What stands around the text must not count as lines of it.
    let body = own_line_ends(&draft.body).trim().to_owned();
    let shown = Shown { key: draft.key.trim(), body: &body, tell: draft.tell };
    let said = match new_instruction(&parent, &caller, &shown) {
        Err(said) => said,
        Ok(new) if draft.action == Action::Check => check(&app, new).await?,
        Ok(new) => match accept(&app, &caller, new).await {
            Ok((_, job)) => return Ok(Redirect::to(&format!("/jobs/{}", job.id)).into_response()),
            Err(error) => refusal(error)?,
        },
    };
    let status = match said {
        Said::Nothing | Said::Checked(_) | Said::Unseen(_) => StatusCode::OK,
        Said::Wrong(_) | Said::WrongKey(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok((status, page(&parent, &shown, &said)).into_response())
}

/// The instruction to be changed, for a caller who may submit another.
async fn let_edit(app: &App, caller: &Caller, key: Key) -> Result<Parent, PageError> {
    let instruction = look_up(app, caller, key).await?;
    let deed = || Deed::new("edit", &instruction.key).of(instruction.tenant.as_deref());
    app.let_do(caller, &[Role::Submit], deed).await?;
    let told = store::instruction::told(&app.db, &instruction.key).await;
    Ok(Parent { told: told.doing("look up who is told")?, instruction })
}

/// A key after that of the parent, which nobody has.
async fn free_key(app: &App, parent: &Key) -> Result<String, PageError> {
    let (stem, count) = counted(parent.as_str());
    let names = (count + 1..=count + KEYS_TRIED).map(|count| format!("{stem}_{count}"));
    let names: Vec<_> = names.take_while(|name| Key::new(name.as_str()).is_ok()).collect();
    let known = store::instruction::keys(&app.db, &names).await.doing("look for a free key")?;
    Ok(names.into_iter().find(|name| !known.contains(name)).unwrap_or_default())
}

/// A key without the count at its end. Longer numbers are no counts: keys of clients end in times.
fn counted(key: &str) -> (&str, u32) {
    let parts = key.rsplit_once('_').filter(|(_, count)| (1..=3).contains(&count.len()));
    let count = parts.and_then(|(stem, count)| Some((stem, count.parse().ok()?)));
    count.unwrap_or((key, 1))
}

fn new_instruction(
    Parent { instruction: parent, told }: &Parent,
    caller: &Caller,
    &Shown { key, body, tell }: &Shown<'_>,
) -> Result<NewInstruction, Said> {
    let body = serde_json::from_str::<Box<RawValue>>(body).map_err(|error| {
        let (line, column) = (Some(error.line()), Some(error.column()));
        Said::Wrong(Refusal { message: format!("this is no JSON: {error}"), line, column })
    })?;
    let key = match key {
        "" => None,
        key => Some(Key::new(key).map_err(|error| Said::WrongKey(error.to_string()))?),
    };
    Ok(NewInstruction {
        key,
        kind: parent.kind.clone(),
        tenant: parent.tenant.clone(),
        submitted_by: caller.name().map(str::to_owned).or_else(|| parent.submitted_by.clone()),
        parent: Some(parent.key.clone()),
        traceparent: None,
        notify: if tell { told.clone() } else { Vec::new() },
        body,
    })
}

async fn check(app: &App, new: NewInstruction) -> Result<Said, PageError> {
    match app.preview(new).await {
        Ok(preview) => Ok(Said::Checked(preview)),
        // Nodes are asked last, so the checks of this service were passed.
        Err(ApiError::NoPreview { why, .. }) => Ok(Said::Unseen(why.text)),
        Err(error) => refusal(error),
    }
}

/// What the user can do something about is said beside their text; the rest is a page of its own.
fn refusal(error: ApiError) -> Result<Said, PageError> {
    match error {
        ApiError::KeyTaken { .. } => Ok(Said::WrongKey(error.to_string())),
        ApiError::Refused(refusal) => Ok(Said::Wrong(refusal)),
        ApiError::Invalid(message) => Ok(Said::Wrong(message.into())),
        error if error.is_passing() => {
            // Making a problem of it is what logs it.
            let Problem { title, detail, .. } = error.problem();
            let message = detail.unwrap_or(title);
            Ok(Said::Wrong(format!("{message}; nothing is lost, try again").into()))
        }
        error => Err(error.into()),
    }
}

fn page(parent: &Parent, shown: &Shown<'_>, said: &Said) -> Page {
    let key = &parent.instruction.key;
    let path = super::address(key);
    let content = html! {
        p.crumb {
            a href="/jobs" { "Jobs" } " / " a href=(path) { "Instruction" } " / Edit"
        }
        section {
            h1.name { "Edit and run again" }
            p.hint {
                "This makes a new instruction from " a href=(path) { (key) }
                ", which stays as it is."
            }
            (form(&path, shown, &parent.told, said))
        }
        @match said {
            Said::Checked(checked) => (preview::section(checked)),
            Said::Unseen(why) => (preview::unseen(why)),
            _ => {},
        }
    };
    Page::new(format!("Edit {key}"), Place::Jobs, content)
}

fn form(path: &str, shown: &Shown<'_>, told: &[Notify], said: &Said) -> Markup {
    let wrong = match said {
        Said::Wrong(wrong) => Some(wrong),
        _ => None,
    };
    let wrong_key = match said {
        Said::WrongKey(message) => Some(message),
        _ => None,
    };
    html! {
        form.editor method="post" action={ (path) "/edit" } {
            label for="key" { "Its name" }
            @if let Some(message) = wrong_key { div.wrong #wrong-key role="alert" { p { b { (message) } } } }
            input #key name="key" value=(shown.key) autocomplete="off" spellcheck="false"
                aria-invalid=[wrong_key.map(|_| "true")]
                aria-describedby=[wrong_key.map(|_| "wrong-key")];
            label for="body" { "What it says, in JSON" }
            (area("body", 28, shown.body, wrong))
            @if !told.is_empty() {
                label.tick {
                    input type="checkbox" name="tell" value="true" checked[shown.tell];
                    "Tell of its end, as before: " (join(told.iter().map(notify::brief)))
                }
            }
            div.actions {
                button name="action" value="check" { "Check" }
                button.primary name="action" value="submit" { "Run it" }
                a href=(path) { "Leave it" }
            }
        }
    }
}

fn join(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_counted_on_and_a_time_is_no_count() {
        for (key, stem, count) in [
            ("load", "load", 1),
            ("load_2", "load", 2),
            ("load_x", "load_x", 1),
            ("data_20260101_120000", "data_20260101_120000", 1),
            ("data_20260101_120000_USER_9", "data_20260101_120000_USER", 9),
        ] {
            assert_eq!(counted(key), (stem, count), "{key}");
        }
    }
}
