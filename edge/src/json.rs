//! JSON in and out, with problems for what cannot be read.

use axum::{
    body::{Body, Bytes},
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
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Array, OneOf, Ref, RefOr, Schema},
};

use crate::Answer;

/// How deep JSON may be nested: most readers go 128 levels deep, some of which are around it then.
const MAX_DEPTH: i64 = 100;

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

impl<T: ToSchema> PartialSchema for OneOrMany<T> {
    fn schema() -> RefOr<Schema> {
        let one = Ref::from_schema_name(T::name());
        OneOf::builder().item(one.clone()).item(Array::new(one)).into()
    }
}

impl<T: ToSchema> ToSchema for OneOrMany<T> {}

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
        let (head, body) = request.into_parts();
        let body = Bytes::from_request(Request::from_parts(head.clone(), body), state).await;
        let body = body.map_err(|rejection| refuse(rejection.into()))?;
        refuse_deep(&body)?;
        let request = Request::from_parts(head, Body::from(body));
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

/// What is kept as it was sent is read by others later: it must be for them, too.
fn refuse_deep(json: &[u8]) -> Result<(), Answer> {
    if is_too_deep(json) {
        let detail = format!("the JSON is nested more than {MAX_DEPTH} levels deep");
        return Err(Answer::new(ProblemKind::Malformed, detail));
    }
    Ok(())
}

fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brackets_that_are_open_count_and_none_in_a_text() {
        let nested = |depth: usize| "[{".repeat(depth / 2) + &"}]".repeat(depth / 2);
        assert!(!is_too_deep(nested(100).as_bytes()) && is_too_deep(nested(102).as_bytes()));
        let wide = "[],".repeat(1000);
        assert!(!is_too_deep(wide.as_bytes()));
        let text = format!(r#"["\"{}"]"#, "[".repeat(1000));
        assert!(!is_too_deep(text.as_bytes()));
        let after = format!(r#"["\\", {}"#, "[".repeat(1000));
        assert!(is_too_deep(after.as_bytes()), "the text has ended");
    }
}
