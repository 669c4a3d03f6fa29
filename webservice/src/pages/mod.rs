//! The web pages: what a person sees in a browser.
//!
//! They are rendered here, whole, and can be read without JavaScript; `live` keeps those that are open
//! up to date. One module a page; `layout` is what they share, `words` how things are said.

mod assets;
mod chart;
mod diff;
mod edit;
mod error;
mod extract;
mod headers;
mod instruction;
mod job;
mod jobs;
mod layout;
mod live;
mod login;
mod node;
mod nodes;
mod overview;
mod recent;
mod throughput;
mod words;

use axum::{
    Router, middleware,
    routing::{get, post},
};

use crate::app::App;

/// What pages share while they are shown.
#[derive(Default)]
pub(crate) struct Kept {
    views: live::Views,
    overview: recent::Recent<live::Shown>,
    nodes: node::Looks,
}

/// Every page, and what pages consist of.
pub(crate) fn router(app: &App) -> Router<App> {
    let identify = middleware::from_fn_with_state(app.clone(), login::identify);
    Router::new()
        .route("/", get(overview::show))
        .route("/live", get(live::overview))
        .route("/jobs", get(jobs::show))
        .route("/jobs/live", get(live::jobs))
        .route("/jobs/{id}", get(job::show))
        .route("/jobs/{id}/live", get(live::job))
        .route("/jobs/{id}/cancel", post(job::cancel))
        .route("/jobs/{id}/rerun", post(job::rerun))
        .route("/instructions/{key}", get(instruction::show))
        .route("/instructions/{key}/live", get(live::instruction))
        .route("/instructions/{key}/diff", get(instruction::compare::show))
        .route(
            "/instructions/{key}/edit",
            get(instruction::edit::show).post(instruction::edit::change),
        )
        .route("/nodes", get(nodes::show))
        // Not below `/nodes`, where it might be a node's name.
        .route("/live/nodes", get(live::nodes))
        .route("/nodes/{id}", get(node::show))
        .route("/nodes/{id}/live", get(live::node))
        .route("/nodes/{id}/mode", post(node::set_mode))
        .route("/nodes/{id}/strategy", get(node::strategy::show).post(node::strategy::change))
        .layer(middleware::from_fn(login::ask))
        .route("/login", get(login::show).post(login::log_in))
        .route("/logout", post(login::log_out))
        .layer(identify)
        .layer(middleware::map_response(headers::protect))
        .route("/assets/{version}/{name}", get(assets::serve))
}
