//! The door for digester services.

use axum::{
    body::Body,
    extract::{FromRequestParts, Request, State},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use edge::Answer;
use std::convert::Infallible;

use crate::{app::App, peers::Service};

/// Lets digester services in, each as the [`Service`] it is.
pub(crate) async fn services_only(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    match identified(&app, request).await {
        Ok(request) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn identified(app: &App, request: Request) -> Result<Request, Answer> {
    let (mut head, body) = edge::gather(request, app.config.max_body_bytes).await?;
    let service = app.peers.believe(&head, &body)?;
    head.extensions.insert(service);
    Ok(Request::from_parts(head, Body::from(body)))
}

impl<S: Sync> FromRequestParts<S> for Service {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let service = parts.extensions.get().cloned();
        Ok(service.expect("services are identified before handlers are asked"))
    }
}
