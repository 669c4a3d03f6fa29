//! An instruction, as it was sent.

use axum::extract::State;
use maud::html;
use schema::Key;

use crate::{access::Caller, app::App, routes::instruction::look_up};

use super::{
    error::PageError,
    extract::Named,
    layout::{Page, Place},
    words,
};

pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(key): Named<Key>,
) -> Result<Page, PageError> {
    let instruction = look_up(&app, &caller, key.clone()).await?;
    let content = html! {
        p.crumb { a href="/jobs" { "Jobs" } " / Instruction" }
        h1.name { (key) }
        p.facts { "Accepted " (words::moment(instruction.created_at)) }
        pre.text tabindex="0" { (pretty(instruction.body.get())) }
    };
    Ok(Page::new(key.to_string(), Place::Jobs, content))
}

/// The same JSON, on as many lines as it takes to be read.
fn pretty(json: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(json);
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| json.to_owned())
}
