//! What a digester service is asked over HTTP: extract, call, answer.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
    },
    middleware,
    response::{IntoResponse, Response},
};
use edge::{Answer, Json, Lock, OneOrMany, Path, Query};
use futures_util::StreamExt as _;
use schema::{
    DigestRequest, Held, JobId, Limit, Preview, PreviewRequest, Problem, ProblemKind, Taken,
    TakenItem,
};
use serde::Deserialize;
use tokio::{io::AsyncReadExt as _, task::spawn_blocking};
use tokio_util::io::ReaderStream;
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};
use utoipa::{IntoParams, OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{download::Download, error::ApiError, node::Node, regulation};

/// How much of a file is read at once.
const SEND_BYTES: usize = 64 << 10;
/// How many jobs one request may hand over.
const MAX_ITEMS: usize = 1000;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Digester service",
        description = "Takes jobs in on the compute node, runs digesters, and reports to the web \
                       service.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(DigestRequest))
)]
struct Doc;

fn api(lock: Lock) -> OpenApiRouter<Arc<Node>> {
    let jobs = OpenApiRouter::new()
        .routes(routes!(take_job))
        .routes(routes!(list_held))
        .routes(routes!(get_held))
        .routes(routes!(cancel_held))
        .routes(routes!(preview))
        .routes(routes!(download))
        .merge(regulation::routes())
        .layer(middleware::from_fn_with_state(lock, edge::require));
    OpenApiRouter::with_openapi(Doc::openapi())
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(metrics))
        .merge(jobs)
}

/// The OpenAPI document of the digester service.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    edge::with_problems(api(Lock::Open).into_openapi())
}

/// The routes, ready to serve.
pub(crate) fn router(node: Arc<Node>, lock: Lock) -> Router {
    let (router, _) = api(lock).split_for_parts();
    router
        .fallback(edge::not_found)
        .method_not_allowed_fallback(edge::method_not_allowed)
        .layer(DefaultBodyLimit::max(node.limits.max_body_bytes))
        .layer(CatchPanicLayer::custom(edge::panicked))
        // Who failed has said so already, and why.
        .layer(TraceLayer::new_for_http().make_span_with(edge::request_span).on_failure(()))
        .with_state(node)
}

/// A job, or an array of jobs; by this name it can be described.
type Jobs = OneOrMany<DigestRequest>;

/// Takes a job in. Handing over the same twice is the same as once. Of an array of jobs every one is
/// answered for itself, in their order; `Retry-After` tells that the node was too full for some.
#[utoipa::path(post, path = "/job", tag = "job",
    request_body(content = inline(Jobs), description = "a job, or an array of jobs"), responses(
    (status = 202, description = "the node holds the job", body = Taken),
    (status = 200, description = "of an array: one `TakenItem` each", body = Vec<TakenItem>),
    (status = 403, description = "a callback target that the node may not report to",
     body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "settled already, or refused by the web service",
     body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "a kind without a digester, or more than the node has",
     body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "full or stopping; see Retry-After",
     body = Problem, content_type = "application/problem+json"),
))]
async fn take_job(
    State(node): State<Arc<Node>>,
    headers: HeaderMap,
    Json(request): Json<Jobs>,
) -> Result<Response, ApiError> {
    match request {
        OneOrMany::One(mut request) => {
            let named = || edge::traceparent(&headers);
            request.job.traceparent = request.job.traceparent.or_else(named);
            let id = request.job.id;
            let already_held = node.take(request).await?;
            let taken = Taken { id, node: node.name.clone(), already_held };
            Ok((StatusCode::ACCEPTED, Json(taken)).into_response())
        }
        OneOrMany::Many(requests) if requests.len() > MAX_ITEMS => {
            Err(ApiError::TooMany { most: MAX_ITEMS, count: requests.len() })
        }
        OneOrMany::Many(requests) => Ok(take_jobs(&node, requests).await),
    }
}

async fn take_jobs(node: &Node, requests: Vec<DigestRequest>) -> Response {
    let answers = node.take_all(requests).await;
    let retry_after =
        answers.iter().filter_map(|(_, answer)| answer.as_ref().err()?.retry_after()).max();
    let item = |(id, answer): (JobId, Result<bool, ApiError>)| match answer {
        Ok(already_held) => {
            let taken = Taken { id, node: node.name.clone(), already_held };
            TakenItem { id, taken: Some(taken), problem: None }
        }
        Err(error) => TakenItem { id, taken: None, problem: Some(error.problem()) },
    };
    let items = Json(answers.into_iter().map(item).collect::<Vec<_>>());
    match retry_after {
        Some(seconds) => ([(RETRY_AFTER, seconds.to_string())], items).into_response(),
        None => items.into_response(),
    }
}

/// Which of the held jobs are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Foremost {
    /// So many at most: those under way, then those that wait, with the reasons.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Limit>,
}

/// Every job that the node holds, oldest first; or only the foremost.
#[utoipa::path(get, path = "/job", tag = "job", params(Foremost),
    responses((status = 200, description = "as it stands", body = Vec<Held>)))]
async fn list_held(
    State(node): State<Arc<Node>>,
    Query(Foremost { limit }): Query<Foremost>,
) -> Json<Vec<Held>> {
    Json(match limit {
        Some(limit) => node.intake.foremost(limit.get() as usize),
        None => node.intake.list(),
    })
}

/// One job that the node holds, and why it waits.
#[utoipa::path(get, path = "/job/{id}", tag = "job", params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "as it stands", body = Held),
    (status = 404, description = "there is no such job", body = Problem, content_type = "application/problem+json"),
))]
async fn get_held(
    State(node): State<Arc<Node>>,
    Path(id): Path<JobId>,
) -> Result<Json<Held>, ApiError> {
    node.intake.show(id).map(Json).ok_or(ApiError::NoSuchJob(id))
}

/// Ends a job: one that waits is forgotten, one that runs stops as soon as its digester notices.
#[utoipa::path(delete, path = "/job/{id}", tag = "job", params(("id" = uuid::Uuid, Path)),
    responses(
        (status = 202, description = "its end will be reported"),
        (status = 404, description = "there is no such job", body = Problem, content_type = "application/problem+json"),
    ))]
async fn cancel_held(
    State(node): State<Arc<Node>>,
    Path(id): Path<JobId>,
) -> Result<StatusCode, ApiError> {
    match node.cancel(id) {
        true => Ok(StatusCode::ACCEPTED),
        false => Err(ApiError::NoSuchJob(id)),
    }
}

/// What would become of an instruction: its digester looks at it and at the beginnings of its files,
/// and leaves nothing behind.
#[utoipa::path(post, path = "/preview", tag = "job", request_body = PreviewRequest, responses(
    (status = 200, description = "what was found, be it good or bad", body = Preview),
    (status = 422, description = "a kind without a digester, or whose digester cannot tell",
     body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "too many at once, or it took too long; see Retry-After",
     body = Problem, content_type = "application/problem+json"),
))]
async fn preview(
    State(node): State<Arc<Node>>,
    Json(request): Json<PreviewRequest>,
) -> Result<Json<Preview>, ApiError> {
    node.preview(request).await.map(Json)
}

/// A file that a job wrote, as its report names it.
#[utoipa::path(get, path = "/job/{id}/file/{name}", tag = "job",
    params(("id" = uuid::Uuid, Path), ("name" = String, Path, description = "without its folder")),
    responses(
        (status = 200, description = "its bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "the report names no such file, or it is gone",
         body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "it is not as long as the report says",
         body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "too many at once, or the web service does not answer",
         body = Problem, content_type = "application/problem+json"),
    ))]
async fn download(
    State(node): State<Arc<Node>>,
    Path((id, name)): Path<(JobId, String)>,
) -> Result<Response, ApiError> {
    let Download { file, bytes, place } = node.download(id, &name).await?;
    // No more than was promised, should somebody be adding to it.
    let bytes_of = tokio::fs::File::from_std(file).take(bytes);
    let stream = ReaderStream::with_capacity(bytes_of, SEND_BYTES);
    let body = Body::from_stream(stream.inspect(move |_| {
        let _ = &place;
    }));
    let headers = [
        (CONTENT_LENGTH, bytes.to_string()),
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
    ];
    Ok((headers, body).into_response())
}

/// Whether the process lives.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "yes")))]
async fn live() -> StatusCode {
    StatusCode::OK
}

/// What the node counts, as Prometheus reads it: see `docs/metrics.md`.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, description = "as it stands", body = String, content_type = "application/openmetrics-text")))]
async fn metrics(State(node): State<Arc<Node>>) -> Response {
    node.metrics.look(&node);
    edge::exposition(&node.metrics.registry)
}

/// Whether the node takes jobs in: it is not stopping, the web service has heard of it, and outcomes
/// can be written down.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses(
    (status = 200, description = "yes"),
    (status = 503, description = "not now; see Retry-After", body = Problem, content_type = "application/problem+json"),
))]
async fn ready(State(node): State<Arc<Node>>) -> Result<StatusCode, Answer> {
    let unready = |why: &str| Answer::new(ProblemKind::Unavailable, why).retry_after(1);
    if node.stopping.is_cancelled() {
        return Err(unready("the node is stopping"));
    }
    if !node.lease.is_registered() {
        return Err(unready("the web service has not heard of the node yet"));
    }
    match spawn_blocking(move || node.journal.probe()).await {
        Ok(Ok(())) => Ok(StatusCode::OK),
        _ => Err(unready("nothing can be written to the outcome journal")),
    }
}
