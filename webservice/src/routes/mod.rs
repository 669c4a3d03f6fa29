//! The plain API: extract, call, answer.

pub(crate) mod access;
mod download;
mod event;
mod health;
pub(crate) mod instruction;
pub(crate) mod job;
mod node;
mod notification;

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderValue, header::CONNECTION},
    middleware,
    response::Response,
};
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{identify, locate, services_only},
    app::App,
    error::ApiError,
    gobii::{self, Warehouses},
    origin, pages,
};

/// How many items one request may carry.
const MAX_ITEMS: usize = 1000;

fn refuse_too_many(count: usize, what: &str) -> Result<(), ApiError> {
    if count > MAX_ITEMS {
        let text = format!("at most {MAX_ITEMS} {what} at once, these are {count}");
        return Err(ApiError::Invalid(text));
    }
    Ok(())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Digester web service",
        description = "Keeps instructions and jobs; hands them to digester services, and hears \
                       from them.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(
        schema::Report,
        schema::AcceptedItem,
        schema::Preview,
        schema::NewJob,
        schema::NewInstruction
    ))
)]
struct Doc;

/// What everybody may ask.
fn open() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Doc::openapi())
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
}

/// What only digester services may say.
fn callbacks() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(job::announce_job))
        .routes(routes!(job::update_job))
        .routes(routes!(job::update_jobs))
        .routes(routes!(node::hear_node))
}

/// What is answered according to who asks.
fn identified() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(instruction::create_instruction))
        .routes(routes!(instruction::get_instruction))
        .routes(routes!(job::list_jobs))
        .routes(routes!(job::get_job))
        .routes(routes!(job::cancel_job))
        .routes(routes!(job::rerun_job))
        .routes(routes!(download::get_file))
        .routes(routes!(event::list_events))
        .routes(routes!(node::list_nodes))
        .routes(routes!(node::get_node))
        .routes(routes!(notification::list_notifications))
        .routes(routes!(notification::resend_notification))
        .routes(routes!(access::get_session, access::open_session, access::close_session))
        .routes(routes!(access::list_tokens, access::create_token))
        .routes(routes!(access::revoke_token))
        .routes(routes!(access::list_audit))
}

/// The OpenAPI document of the plain API.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    edge::with_problems(open().merge(identified()).merge(callbacks()).into_openapi())
}

/// The plain API and the pages, ready to serve.
pub(crate) fn router(app: App) -> Result<Router, sqlx::Error> {
    let identified = identified().layer(middleware::from_fn_with_state(app.clone(), identify));
    let callbacks = callbacks().layer(middleware::from_fn_with_state(app.clone(), services_only));
    let (router, _) = open().merge(identified).merge(callbacks).split_for_parts();
    let router = router.merge(pages::router(&app));
    // Where GOBii's contract is spoken, its facade knows what to say of paths that lead nowhere.
    let router = match app.config.gobii.clone() {
        Some(config) => {
            let warehouses = Warehouses::new(config.crops.databases())?;
            let facade = gobii::router_with(config, app.clone(), warehouses, &app.calls);
            router
                .fallback_service(facade.layer(middleware::from_fn_with_state(app.clone(), locate)))
        }
        None => router.fallback(edge::not_found),
    };
    let router = router
        .method_not_allowed_fallback(edge::method_not_allowed)
        .layer(DefaultBodyLimit::max(app.config.max_body_bytes))
        .layer(middleware::from_fn(origin::refuse_foreign))
        .layer(CatchPanicLayer::custom(edge::panicked))
        // Who failed has said so already, and why.
        .layer(TraceLayer::new_for_http().make_span_with(edge::request_span).on_failure(()))
        .layer(middleware::map_response_with_state(app.clone(), part))
        .with_state(app);
    Ok(router)
}

/// Sends callers elsewhere once the service is stopping: each keeps its connection for this answer.
async fn part(State(app): State<App>, mut response: Response) -> Response {
    if app.shutdown.is_cancelled() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
