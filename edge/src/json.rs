//! JSON in and out, with problems for what cannot be read.

use axum::{
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::{HeaderMap, header::CONTENT_ENCODING},
    response::{IntoResponse, Response},
};
use schema::ProblemKind;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, DeserializeOwned},
};
use serde_json::value::RawValue;

use crate::Answer;

/// Like [`axum::Json`], but a body that cannot be read becomes a problem.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// A thing, or an array of such things.
#[derive(Clone, Debug)]
pub enum OneOrMany<T> {
    /// The thing itself.
    One(T),
    /// An array, of one thing perhaps, or none.
    Many(Vec<T>),
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // By its first character: raw JSON inside is kept as it was sent, which a value that is
        // looked at twice is not.
        let body = Box::<RawValue>::deserialize(from)?;
        let read = match body.get().starts_with('[') {
            true => serde_json::from_str(body.get()).map(Self::Many),
            false => serde_json::from_str(body.get()).map(Self::One),
        };
        read.map_err(de::Error::custom)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Answer;

    async fn from_request(request: Request, state: &S) -> Result<Self, Answer> {
        refuse_encoded(request.headers())?;
        let axum::Json(value) = axum::Json::from_request(request, state).await.map_err(refuse)?;
        Ok(Self(value))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Nothing is unpacked: what it would become is not bounded by what it is.
fn refuse_encoded(headers: &HeaderMap) -> Result<(), Answer> {
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            let detail = "send the body as it is, without a Content-Encoding";
            Err(Answer::new(ProblemKind::UnsupportedMediaType, detail))
        }
        _ => Ok(()),
    }
}

fn refuse(rejection: JsonRejection) -> Answer {
    let kind = match rejection.status().as_u16() {
        413 => ProblemKind::TooLarge,
        415 => ProblemKind::UnsupportedMediaType,
        422 => ProblemKind::Invalid,
        _ => ProblemKind::Malformed,
    };
    Answer::new(kind, rejection.body_text())
}
