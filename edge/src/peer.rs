//! The other service, as a client sees it.

use std::time::Duration;

use reqwest::{
    Body, Client, ClientBuilder, IntoUrl, Method, RequestBuilder, Response,
    header::{HeaderName, HeaderValue},
    redirect::Policy,
};
use serde::Serialize;

use crate::{Calls, IDLE_CONNECTION, Signer, Token};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a pause in a long answer may be.
const PAUSE_TIMEOUT: Duration = Duration::from_secs(30);

/// How a service says to the other who it is.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Not at all.
    None,
    /// By the secret that all services share.
    Token(Token),
    /// By signing what it says.
    Signed(Signer),
}

impl From<Option<Token>> for Credentials {
    fn from(token: Option<Token>) -> Self {
        token.map_or(Self::None, Self::Token)
    }
}

/// Makes requests that say who makes them. Redirects are not followed: a token is for the configured
/// address alone.
#[derive(Clone, Debug)]
pub struct Peer {
    http: Client,
    calls: Calls,
    credentials: Credentials,
}

impl Peer {
    /// A client with these credentials.
    #[must_use]
    pub fn new(calls: Calls, credentials: Credentials) -> Self {
        let http = build(client(&calls).timeout(ANSWER_TIMEOUT));
        Self { http, calls, credentials }
    }

    /// One for answers that may take as long as they take, as long as there is no long pause.
    #[must_use]
    pub fn patient(calls: Calls, credentials: Credentials) -> Self {
        let http = build(client(&calls).read_timeout(PAUSE_TIMEOUT));
        Self { http, calls, credentials }
    }

    /// The same, with connections of its own: for another runtime.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::new(self.calls.clone(), self.credentials.clone())
    }

    /// A request, ready for its body.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> Call {
        self.request_as(&self.credentials, method, url)
    }

    /// A request with other credentials.
    pub fn request_as(&self, credentials: &Credentials, method: Method, url: impl IntoUrl) -> Call {
        Call { request: self.http.request(method, url), credentials: credentials.clone() }
    }
}

/// A request to the other service. It is signed when it is sent, so that one that is made again is
/// another.
#[derive(Debug)]
#[must_use = "nothing is said before it is sent"]
pub struct Call {
    request: RequestBuilder,
    credentials: Credentials,
}

impl Call {
    /// With this body.
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        Self { request: self.request.json(body), ..self }
    }

    /// With this body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        Self { request: self.request.body(body), ..self }
    }

    /// With this header.
    pub fn header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    /// With so much time for the whole answer.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { request: self.request.timeout(timeout), ..self }
    }

    /// Sends it.
    pub async fn send(self) -> reqwest::Result<Response> {
        let request = match &self.credentials {
            Credentials::Token(token) => self.request.bearer_auth(token.reveal()),
            Credentials::None | Credentials::Signed(_) => self.request,
        };
        let (client, request) = request.build_split();
        let mut request = request?;
        if let Credentials::Signed(signer) = &self.credentials {
            signer.sign(&mut request);
        }
        client.execute(request).await
    }
}

fn client(calls: &Calls) -> ClientBuilder {
    calls
        .client()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_CONNECTION)
        .redirect(Policy::none())
}

fn build(client: ClientBuilder) -> Client {
    client.build().expect("a client that is handed its TLS always builds")
}
