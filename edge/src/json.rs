//! JSON in and out, with problems for what cannot be read.

use std::{fmt, marker::PhantomData};

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::{
        HeaderMap,
        header::{CONTENT_ENCODING, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use schema::ProblemKind;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        DeserializeOwned, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Array, OneOf, Ref, RefOr, Schema},
};

use crate::Answer;

/// How deep JSON may be nested: most readers go 128 levels deep, some of which are around it then.
const MAX_DEPTH: usize = 100;

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

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Either(PhantomData))
    }
}

/// Reads what is there as it comes: raw JSON inside is kept as it was sent, which a value that is
/// looked at twice is not.
struct Either<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(OneOrMany::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(OneOrMany::Many)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Answer;

    async fn from_request(request: Request, state: &S) -> Result<Self, Answer> {
        refuse_encoded(request.headers())?;
        refuse_foreign(request.headers())?;
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|rejection| refuse(rejection.into()))?;
        refuse_deep(&body)?;
        // To keep track of where one is costs as much as to read: only what is wrong is read so.
        match serde_json::from_slice(&body) {
            Ok(value) => Ok(Self(value)),
            Err(_) => axum::Json::from_bytes(&body).map(|json| Self(json.0)).map_err(refuse),
        }
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

/// What does not say that it is JSON is none: browsers let forms of foreign pages say anything else.
fn refuse_foreign(headers: &HeaderMap) -> Result<(), Answer> {
    let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.strip_prefix("application/") {
        Some(kind) if kind == "json" || kind.ends_with("+json") => Ok(()),
        _ => {
            let detail = "Expected request with `Content-Type: application/json`";
            Err(Answer::new(ProblemKind::UnsupportedMediaType, detail))
        }
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
    // Counted at a stroke, whatever they mean: few of them cannot be deep.
    let opening = json.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    opening > MAX_DEPTH && nests_too_deep(json)
}

fn nests_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
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
    use axum::body::Body;
    use serde_json::value::RawValue;

    use super::*;

    /// Keeps a part of it as it was sent.
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        body: Box<RawValue>,
    }

    fn read(json: &str) -> serde_json::Result<Vec<String>> {
        let orders = match serde_json::from_str(json)? {
            OneOrMany::One(order) => vec![order],
            OneOrMany::Many(orders) => orders,
        };
        Ok(orders.into_iter().map(|order: Order| order.body.get().to_owned()).collect())
    }

    #[test]
    fn what_comes_as_one_or_as_many_is_kept_as_it_was_sent() {
        assert_eq!(
            read(r#" {"body": {"b":  1.0, "a": 1e3}}"#).unwrap(),
            [r#"{"b":  1.0, "a": 1e3}"#]
        );
        assert_eq!(read(r#"[{"body": [1 ]}, {"body": "x"}]"#).unwrap(), ["[1 ]", r#""x""#]);
        assert!(read("[]").unwrap().is_empty());
        for slip in ["7", r#""text""#, "null", r#"{"body": 1, "more": 2}"#, "[1]", "[{}]"] {
            assert!(read(slip).is_err(), "{slip}");
        }
    }

    async fn status(content_type: &str, body: &'static str) -> u16 {
        let request = Request::post("/").header(CONTENT_TYPE, content_type).body(Body::from(body));
        match Json::<Order>::from_request(request.unwrap(), &()).await {
            Ok(_) => 200,
            Err(refused) => refused.into_response().status().as_u16(),
        }
    }

    #[tokio::test]
    async fn only_what_says_that_it_is_json_is_read() {
        const ORDER: &str = r#"{"body": 1}"#;
        for json in ["application/json", "Application/JSON; charset=utf-8", "application/a+json"] {
            assert_eq!(status(json, ORDER).await, 200, "{json}");
        }
        for other in ["", "text/plain", "text/json", "application/jsonl", "multipart/form-data"] {
            assert_eq!(status(other, ORDER).await, 415, "{other}");
        }
        assert_eq!(status("application/json", r#"{"body": 1}}"#).await, 400);
        assert_eq!(status("application/json", r#"{"bodies": 1}"#).await, 422);
    }

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
