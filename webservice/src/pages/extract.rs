//! What a page's address carries, with pages for what cannot be read.

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use schema::ProblemKind;
use serde::de::DeserializeOwned;

use super::error::PageError;

/// A name in the path; what cannot be such a name is a thing that does not exist.
pub(super) struct Named<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(_) => {
                let detail = format!("there is nothing at {}", parts.uri.path());
                Err(PageError::new(ProblemKind::NotFound, detail))
            }
        }
    }
}

/// What is asked for behind the question mark.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(PageError::new(ProblemKind::Malformed, rejection.body_text())),
        }
    }
}
