//! Signed requests: <https://www.standardwebhooks.com>.

use std::time::Duration;

use edge::Calls;
use http_body_util::Full;
use hyper::{
    Request, StatusCode,
    body::Bytes,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use reqwest::Url;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

use super::{Failure, NotificationConfig, address, config::Origin};

/// How long one try may take, from the look-up of the name to the status of the answer.
const LONGEST: Duration = Duration::from_secs(15);

/// Sends signed requests. It knows neither redirects nor proxies, and reads nothing but the status of
/// an answer.
pub(super) struct Webhooks {
    tls: TlsConnector,
}

/// What is sent to whom.
pub(super) struct Message<'a> {
    pub(super) url: &'a str,
    /// The same for every try.
    pub(super) id: String,
    pub(super) body: Vec<u8>,
}

impl Webhooks {
    pub(super) fn new(calls: &Calls) -> Self {
        Self { tls: TlsConnector::from(calls.tls()) }
    }

    /// Sends a message, if its URL is one that may be told.
    pub(super) async fn send(
        &self,
        config: &NotificationConfig,
        message: Message<'_>,
    ) -> Result<(), Failure> {
        let url = allowed(config, message.url).map_err(Failure::Final)?;
        let sent = timeout(LONGEST, self.try_send(config, &url, message)).await;
        sent.unwrap_or_else(|_| Err(Failure::Passing(format!("no answer in {LONGEST:?}"))))
    }

    async fn try_send(
        &self,
        config: &NotificationConfig,
        url: &Url,
        message: Message<'_>,
    ) -> Result<(), Failure> {
        let addresses = address::of(url, config.private).await?;
        let request = request(config, url, message)?;
        let stream = TcpStream::connect(&*addresses).await.map_err(passing("no connection"))?;
        let status = match url.scheme() {
            "https" => {
                let name = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
                let name = ServerName::try_from(name).map_err(passing("not a name for TLS"))?;
                let stream = self.tls.connect(name, stream).await;
                ask(stream.map_err(passing("no TLS"))?, request).await?
            }
            _ => ask(stream, request).await?,
        };
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::GONE => Err(Failure::Final("it says that it is gone: 410".to_owned())),
            status => Err(Failure::Passing(format!("it answers {status}"))),
        }
    }
}

/// The URL, if it is one that may be told.
pub(super) fn allowed(config: &NotificationConfig, url: &str) -> Result<Url, String> {
    let parsed = Url::parse(url).map_err(|error| format!("{url:?} is no URL: {error}"))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(format!("the webhook at {} must not carry a password", Origin::of(&parsed)));
    }
    match config.webhooks.contains(&Origin::of(&parsed)) {
        true => Ok(parsed),
        false => Err(format!("webhooks at {} are not allowed here", Origin::of(&parsed))),
    }
}

fn request(
    config: &NotificationConfig,
    url: &Url,
    message: Message<'_>,
) -> Result<Request<Full<Bytes>>, Failure> {
    let Message { id, body, .. } = message;
    let now = Timestamp::now().as_second().to_string();
    let name = url.host_str().unwrap_or_default();
    let host = url.port().map_or(name.to_owned(), |port| format!("{name}:{port}"));
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut request = Request::post(format!("{}{query}", url.path()))
        .header(HOST, host)
        .header(USER_AGENT, concat!("digester/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", &now);
    if let Some(secret) = &config.secret {
        request = request.header("webhook-signature", secret.sign(&id, &now, &[&body]));
    }
    let request = request.body(Full::new(Bytes::from(body)));
    request.map_err(|error| Failure::Final(error.to_string()))
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, Failure> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(passing("no HTTP"))?;
    let answer = sender.send_request(request);
    tokio::pin!(connection);
    // The connection ends with this: nothing of it goes on elsewhere.
    tokio::select! {
        biased;
        answer = answer => Ok(answer.map_err(passing("no answer"))?.status()),
        ended = &mut connection => {
            let why = ended.err().map(|error| error.to_string()).unwrap_or_default();
            Err(Failure::Passing(format!("the connection was closed {why}")))
        }
    }
}

fn passing<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> Failure {
    move |error| Failure::Passing(format!("{what}: {error}"))
}
