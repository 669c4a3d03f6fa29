//! An instruction, as it was sent.

use axum::extract::State;
use maud::html;
use schema::Key;

use crate::{
    app::App,
    error::{ApiError, Doing as _},
    store,
};

use super::{
    error::PageError,
    extract::Named,
    layout::{Page, Place},
    words,
};

pub(super) async fn show(
    State(app): State<App>,
    Named(key): Named<Key>,
) -> Result<Page, PageError> {
    let found = store::instruction::find(&app.db, &key).await.doing("look up the instruction")?;
    let instruction = found.ok_or_else(|| ApiError::NoSuchInstruction(key.clone()))?;
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
