//! How things stand, at a glance.

use axum::extract::State;
use maud::html;

use crate::{app::App, error::Doing as _, store};

use super::{
    error::PageError,
    layout::{Page, Place},
    nodes,
};

pub(super) async fn show(State(app): State<App>) -> Result<Page, PageError> {
    let nodes = store::node::list(&app.db, None).await.doing("list the nodes")?;
    let content = html! {
        h1 { "Overview" }
        section { h2 { "Nodes" } (nodes::table(&nodes)) }
    };
    Ok(Page::new("Overview", Place::Overview, content))
}
