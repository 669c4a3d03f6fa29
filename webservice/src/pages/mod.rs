//! The web pages: what a person sees in a browser.
//!
//! They are rendered here, whole, and can be read without JavaScript. One module a page; `layout`
//! is what they share, `words` how things are said.

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
mod login;
mod node;
mod nodes;
mod overview;
mod words;

use axum::{
    Router, middleware,
    routing::{get, post},
};

use crate::{access::identify, app::App};

/// Every page, and what pages consist of.
pub(crate) fn router(app: &App) -> Router<App> {
    let identify = middleware::from_fn_with_state(app.clone(), identify);
    Router::new()
        .route("/", get(overview::show))
        .route("/jobs", get(jobs::show))
        .route("/jobs/{id}", get(job::show))
        .route("/jobs/{id}/cancel", post(job::cancel))
        .route("/jobs/{id}/rerun", post(job::rerun))
        .route("/instructions/{key}", get(instruction::show))
        .route("/nodes", get(nodes::show))
        .route("/nodes/{id}", get(node::show))
        .route("/nodes/{id}/mode", post(node::set_mode))
        .route("/nodes/{id}/strategy", get(node::strategy::show).post(node::strategy::change))
        .layer(middleware::from_fn(login::ask))
        .route("/login", get(login::show).post(login::log_in))
        .route("/logout", post(login::log_out))
        .layer(identify)
        .layer(middleware::map_response(headers::protect))
        .route("/assets/{version}/{name}", get(assets::serve))
}
