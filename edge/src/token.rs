//! The secret by which the two services know each other.

use std::fmt;

use axum::http::{HeaderMap, header::AUTHORIZATION};
use serde::Deserialize;
use subtle::ConstantTimeEq;

/// A shared secret. It never shows itself.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// Takes the secret.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, for the `Authorization` header of a request and nothing else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether the headers of a request show it.
    #[must_use]
    pub fn opens(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
        given
            .and_then(|value| value.strip_prefix(b"Bearer "))
            .is_some_and(|value| bool::from(value.ct_eq(self.0.as_bytes())))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
