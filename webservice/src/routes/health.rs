//! Whether the service lives, and whether it can work.

use axum::{extract::State, http::StatusCode, response::Response};
use edge::Answer;
use schema::ProblemKind;

use crate::{app::App, store};

/// What the service counts, as Prometheus reads it: see `docs/metrics.md`.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, description = "as it stands", body = String, content_type = "application/openmetrics-text")))]
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    app.metrics.look(&app).await;
    edge::exposition(&app.metrics.registry)
}

/// Whether the process lives.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "yes")))]
pub(crate) async fn live() -> StatusCode {
    StatusCode::OK
}

/// Whether requests can be carried out: the database answers, its tables are up to date, and the
/// service is not stopping.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses(
    (status = 200, description = "yes"),
    (status = 503, description = "not now; see Retry-After", body = schema::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn ready(State(app): State<App>) -> Result<StatusCode, Answer> {
    let unready = |why: &str| Answer::new(ProblemKind::Unavailable, why).retry_after(1);
    if app.shutdown.is_cancelled() {
        return Err(unready("the service is stopping"));
    }
    if !app.migrated.is_cancelled() {
        return Err(unready("the tables are not up to date yet"));
    }
    match store::ping(&app.db).await {
        Ok(()) => Ok(StatusCode::OK),
        Err(_) => Err(unready("the database does not answer")),
    }
}
