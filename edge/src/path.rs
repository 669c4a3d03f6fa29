//! What a URL carries, with problems for what cannot be read.

use axum::{
    extract::{FromRequestParts, rejection::QueryRejection},
    http::request::Parts,
};
use schema::ProblemKind;
use serde::de::DeserializeOwned;

use crate::Answer;

/// Like [`axum::extract::Path`], but what cannot be such a name is a thing that does not exist.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Answer> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(Answer::new(ProblemKind::NotFound, rejection.body_text())),
        }
    }
}

/// Like [`axum::extract::Query`], but a query that cannot be read becomes a problem.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Answer> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            // Nothing that is kept has one, and the database would stumble over it.
            return Err(Answer::new(ProblemKind::Malformed, "a query must not contain NUL (%00)"));
        }
        let refuse =
            |rejection: QueryRejection| Answer::new(ProblemKind::Malformed, rejection.body_text());
        let axum::extract::Query(value) =
            axum::extract::Query::from_request_parts(parts, state).await.map_err(refuse)?;
        Ok(Self(value))
    }
}
