//! The server that was there before: what is not ours to answer goes to it, as it came.
//!
//! An institute moves over by changing one address, and back by changing it again: logins are the
//! other server's, whose tokens are good here, too, and only instructions of loads are ours.

use std::{fmt, time::Duration};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName,
        header::{
            CONNECTION, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
            TRANSFER_ENCODING, UPGRADE,
        },
        request::Parts,
    },
    response::Response,
};
use edge::Calls;
use reqwest::{Client, Url, redirect::Policy};
use serde::Deserialize;

use super::{body, error::GobiiError};

/// How long the other server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What concerns one connection only, and is not passed on (RFC 9110, 7.6.1).
const OF_THE_CONNECTION: [HeaderName; 9] = [
    CONNECTION,
    HOST,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Where the other server is: `https://gobii.example.org:8081`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct UpstreamUrl(Url);

impl TryFrom<String> for UpstreamUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url: Url = text.parse().map_err(|error| format!("{text:?} is no address: {error}"))?;
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        match matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
            true => Ok(Self(url)),
            false => Err(format!(
                "{text:?}: the address of a GOBii server is http:// or https://, a host and a port"
            )),
        }
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// The other server.
pub(super) struct Upstream {
    url: UpstreamUrl,
    http: Client,
}

impl Upstream {
    pub(super) fn new(url: UpstreamUrl, calls: &Calls) -> Self {
        let http = calls
            .client()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .pool_idle_timeout(edge::IDLE_CONNECTION)
            .redirect(Policy::none())
            .build()
            .expect("a client with these settings always builds");
        Self { url, http }
    }

    /// Has the other server answer a request.
    pub(super) async fn pass(
        &self,
        head: &Parts,
        body: &mut Body,
        limit: usize,
    ) -> Result<Response, GobiiError> {
        let bytes = body::read(body, limit).await?;
        let request = self.http.request(head.method.clone(), self.address(head));
        let request = request.headers(passed_on(&head.headers)).body(bytes);
        let answer = request.send().await.map_err(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the GOBii server at {} does not answer", self.url);
            GobiiError::UpstreamAway
        })?;
        let answer = axum::http::Response::<reqwest::Body>::from(answer);
        let (mut head, body) = answer.into_parts();
        head.headers = passed_on(&head.headers);
        Ok(Response::from_parts(head, Body::new(body)))
    }

    /// The path goes on as it came, with every slash.
    fn address(&self, head: &Parts) -> String {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        format!("{}{path}", self.url.0.as_str().trim_end_matches('/'))
    }
}

fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in &OF_THE_CONNECTION {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_a_server_and_nothing_more() {
        let read = |text: &str| UpstreamUrl::try_from(text.to_owned());
        for good in ["http://gobii:8081/", "https://gobii/"] {
            assert_eq!(read(good.trim_end_matches('/')).unwrap().to_string(), good);
        }
        for text in [
            "",
            "gobii:8081",
            "https://gobii/gobii-dev",
            "ftp://gobii",
            "http://gobii/gobii-dev",
            "http://gobii?a",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
