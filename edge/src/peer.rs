//! The other service, as a client sees it.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, IntoUrl, Method, RequestBuilder, redirect::Policy};

use crate::{IDLE_CONNECTION, Token};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a pause in a long answer may be.
const PAUSE_TIMEOUT: Duration = Duration::from_secs(30);

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
        Self::with(client().timeout(ANSWER_TIMEOUT), token)
    }

    /// One for answers that may take as long as they take, as long as there is no long pause.
    #[must_use]
    pub fn patient(token: Option<Token>) -> Self {
        Self::with(client().read_timeout(PAUSE_TIMEOUT), token)
    }

    fn with(client: ClientBuilder, token: Option<Token>) -> Self {
        let http = client.build().expect("a client without TLS always builds");
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

fn client() -> ClientBuilder {
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_CONNECTION)
        .redirect(Policy::none())
}
