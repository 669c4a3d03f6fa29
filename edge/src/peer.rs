//! The other service, as a client sees it.

use std::time::Duration;

use reqwest::{Client, IntoUrl, Method, RequestBuilder, redirect::Policy};

use crate::{IDLE_CONNECTION, Token};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes requests that carry the services' shared token. Redirects are not followed: the token is
/// for the configured address alone.
#[derive(Clone, Debug)]
pub struct Peer {
    http: Client,
    token: Option<Token>,
}

impl Peer {
    /// A client that knows the token, if there is one.
    #[must_use]
    pub fn new(token: Option<Token>) -> Self {
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .pool_idle_timeout(IDLE_CONNECTION)
            .redirect(Policy::none())
            .build()
            .expect("a client without TLS always builds");
        Self { http, token }
    }

    /// The same, with connections of its own: for another runtime.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::new(self.token.clone())
    }

    /// A request, ready for its body.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        }
    }
}
