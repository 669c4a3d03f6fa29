//! How things stand, at a glance.

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::html;
use schema::{Role, Tenants};

use crate::{access::Caller, app::App, error::Doing as _, store};

use super::{
    error::PageError,
    layout::{Page, Place},
    nodes,
};

/// The whole is for those who may see all of it; others are shown their jobs.
pub(super) async fn show(State(app): State<App>, caller: Caller) -> Result<Response, PageError> {
    caller.demand_somewhere(Role::Read)?;
    if caller.tenants(Role::Read) != Tenants::All {
        return Ok(Redirect::to("/jobs").into_response());
    }
    let nodes = store::node::list(&app.db, None).await.doing("list the nodes")?;
    let content = html! {
        h1 { "Overview" }
        section { h2 { "Nodes" } (nodes::table(&nodes)) }
    };
    Ok(Page::new("Overview", Place::Overview, content).into_response())
}
