//! What an operator asks the regulator, and tells it.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use edge::{Answer, Json, Query};
use regulator::{Change, Mode, Strategy, StrategyError};
use schema::{Problem, ProblemKind, StrategyText};
use serde::{Deserialize, Serialize};
use tracing::{error, info};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{node::Node, quota::Holding, strategy};

/// The routes of the regulator.
pub(crate) fn routes() -> OpenApiRouter<Arc<Node>> {
    OpenApiRouter::new()
        .routes(routes!(get_regulator))
        .routes(routes!(set_strategy))
        .routes(routes!(set_mode))
}

/// The strategy in force, its budgets, and how much runs and waits.
#[utoipa::path(get, path = "/regulator", tag = "regulator",
    responses((status = 200, description = "how it stands now", body = serde_json::Value)))]
async fn get_regulator(State(node): State<Arc<Node>>) -> Json<Regulation> {
    let state = node.regulator.lock().state(node.regulator.now());
    let text = text(&state.strategy);
    Json(Regulation { state, text, scratch: node.scratch.holdings() })
}

/// How the regulator stands, with its strategy for people, and what is held of the disk: see
/// [`schema::Regulation`].
#[derive(Serialize)]
struct Regulation {
    #[serde(flatten)]
    state: regulator::State,
    #[serde(flatten)]
    text: StrategyText,
    scratch: Vec<Holding>,
}

fn text(strategy: &Strategy) -> StrategyText {
    StrategyText { toml: strategy.to_toml(), words: strategy.in_words() }
}

/// How seriously a strategy is meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Meant {
    /// Only read the strategy, and answer what it says: nothing is changed.
    #[serde(default)]
    dry_run: bool,
}

/// Changes the strategy between two admissions: what runs goes on, what waits waits on.
///
/// A strategy that makes no sense is refused, saying where and what is allowed, and the one in
/// force stays. The new one is kept across restarts, until the configuration changes. It may also be
/// sent as `application/toml`.
#[utoipa::path(put, path = "/regulator", tag = "regulator", params(Meant),
    request_body(content = serde_json::Value, description = "a strategy, as in the configuration"),
    responses(
        (status = 200, description = "what changed", body = serde_json::Value),
        (status = 422, description = "cannot be carried out as it is", body = Problem, content_type = "application/problem+json"),
    ))]
async fn set_strategy(
    State(node): State<Arc<Node>>,
    Query(meant): Query<Meant>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Answer> {
    let wanted = read(&headers, &body).map_err(|error| {
        Answer::from(Problem::new(ProblemKind::Invalid, error.to_string()).at(error.line, None))
    })?;
    if meant.dry_run {
        return Ok(Json(text(&wanted)).into_response());
    }
    change(&node, &wanted).map(|change| Json(change).into_response())
}

fn read(headers: &HeaderMap, body: &str) -> Result<Strategy, StrategyError> {
    match headers.get(CONTENT_TYPE).is_some_and(|sent| sent == "application/toml") {
        true => Strategy::from_toml(body),
        false => Strategy::from_json(body),
    }
}

fn change(node: &Node, wanted: &Strategy) -> Result<Change, Answer> {
    // Kept first: what is in force after this answer is in force after a restart.
    strategy::keep(&node.state, &node.configured, wanted).map_err(|error| {
        error!(%error, "could not keep the strategy");
        Answer::new(ProblemKind::Internal, "could not keep the strategy; the old one stays")
    })?;
    let now = node.regulator.now();
    let before = node.regulator.lock().state(now).strategy;
    let change = node.regulator.lock().reconfigure(now, wanted);
    info!(
        audit = true,
        regulator.before = one_line(&before),
        regulator.after = one_line(wanted),
        "the strategy was changed"
    );
    node.runner.notify_one();
    Ok(change)
}

fn one_line(strategy: &Strategy) -> String {
    serde_json::to_string(strategy).expect("a strategy has only objects, text and numbers")
}

/// Whether anything may start.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedMode {
    /// `open`, `paused` (nothing starts) or `draining` (nothing is taken in either).
    #[schema(value_type = String)]
    mode: Mode,
}

/// Pauses, drains or resumes.
#[utoipa::path(put, path = "/regulator/mode", tag = "regulator", request_body = WantedMode,
    responses((status = 200, description = "how it stands now", body = serde_json::Value)))]
async fn set_mode(
    State(node): State<Arc<Node>>,
    Json(WantedMode { mode }): Json<WantedMode>,
) -> Json<Regulation> {
    let now = node.regulator.now();
    node.regulator.lock().set_mode(now, mode);
    info!(audit = true, regulator.mode = ?mode, "the regulator's mode was changed");
    node.runner.notify_one();
    get_regulator(State(node)).await
}
