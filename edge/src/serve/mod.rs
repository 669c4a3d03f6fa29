//! The accept loop that routers are served by.
//!
//! HTTP/1.1, plain or by TLS. Header names go out in title case: some old clients compare them as
//! text. Whoever is slow, silent or greedy costs no more than [`Limits`] allows.

mod body;
mod crowd;
mod patient;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Service as _;
use tracing::{debug, warn};

use self::{
    body::{Arriving, Leaving},
    crowd::{Crowd, Place},
    patient::Patient,
};
use crate::Tls;

/// How long to wait when no connection can be taken, for want of file descriptors perhaps.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// How long a client may keep an idle connection for another request: a little less than the
/// server does, so that it never sends into a connection that is being closed.
pub const IDLE_CONNECTION: Duration = Duration::from_secs(10);

/// How many lines the head of a request may have.
const MAX_HEADERS: usize = 100;
/// How long the head of a request may be, in bytes, its address included.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// What one listener may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many connections are open at most. Of those that wait for their client, the one that has
    /// waited longest makes room for the next; where none waits for its client, the next one does.
    pub connections: usize,
    /// How long a handshake may take.
    pub handshake: Duration,
    /// How long a connection may take to send the head of a request, the first one or the next:
    /// idle connections are closed after it.
    pub head: Duration,
    /// How long a request may take to arrive once its head has.
    pub body: Duration,
    /// How long a client may take none of what it is sent.
    pub write: Duration,
    /// How long requests under way may take once the service was told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            handshake: Duration::from_secs(5),
            head: Duration::from_secs(15),
            body: Duration::from_secs(60),
            write: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// Where connections come from, and how they are spoken on.
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Tls>,
}

impl Listener {
    /// Connections are spoken on by TLS, if there is a certificate to show.
    #[must_use]
    pub const fn new(tcp: TcpListener, tls: Option<Tls>) -> Self {
        Self { tcp, tls }
    }
}

impl From<TcpListener> for Listener {
    fn from(tcp: TcpListener) -> Self {
        Self::new(tcp, None)
    }
}

/// The other end of the connection that a request came over; an extension of every request.
#[derive(Clone, Copy, Debug)]
pub struct Remote(pub SocketAddr);

/// Serves the router until told to stop, then lets the requests under way finish.
pub async fn serve(
    listener: impl Into<Listener>,
    router: Router,
    shutdown: CancellationToken,
    limits: Limits,
) -> io::Result<()> {
    let Listener { tcp, tls } = listener.into();
    let crowd = Crowd::new(limits.connections);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let server = Arc::new(Server { router, tls, limits, shutdown });
    while let Some((stream, remote, place)) = server.next(&tcp, &crowd).await {
        while connections.try_join_next().is_some() {}
        let (server, watcher) = (Arc::clone(&server), graceful.watcher());
        connections.spawn(async move { server.attend(stream, remote, place, watcher).await });
    }
    drop(tcp);
    if timeout(limits.drain, graceful.shutdown()).await.is_err() {
        warn!("requests under way were cut off at the end of their time");
    }
    connections.shutdown().await;
    Ok(())
}

/// What all connections share.
struct Server {
    router: Router,
    tls: Option<Tls>,
    limits: Limits,
    shutdown: CancellationToken,
}

impl Server {
    /// The next connection with its place; none when told to stop.
    async fn next(
        &self,
        listener: &TcpListener,
        crowd: &Arc<Crowd>,
    ) -> Option<(TcpStream, Remote, Arc<Place>)> {
        let next = async {
            let (stream, remote) = accept(listener, self.limits.write).await;
            (stream, remote, crowd.enter().await)
        };
        self.shutdown.run_until_cancelled(next).await
    }

    /// Serves one connection for as long as it may stay.
    async fn attend(&self, stream: TcpStream, remote: Remote, place: Arc<Place>, watcher: Watcher) {
        let stream = Patient::new(stream, self.limits.write);
        let conversed = async {
            match &self.tls {
                None => self.converse(stream, remote, &place, watcher).await,
                Some(tls) => match self.shake_hands(tls, stream).await {
                    Some(stream) => self.converse(stream, remote, &place, watcher).await,
                    None => Ok(()),
                },
            }
        };
        tokio::select! {
            biased;
            () = place.made_way() => debug!("an idle connection made way for another"),
            conversed = conversed => {
                if let Err(error) = conversed {
                    debug!(error = &error as &dyn std::error::Error, "a connection broke");
                }
            }
        }
    }

    async fn shake_hands(
        &self,
        tls: &Tls,
        stream: Patient<TcpStream>,
    ) -> Option<impl AsyncRead + AsyncWrite + Unpin + Send + 'static> {
        let shaken = timeout(self.limits.handshake, tls.acceptor.accept(stream));
        match self.shutdown.run_until_cancelled(shaken).await? {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                debug!(error = &error as &dyn std::error::Error, "a handshake failed");
                None
            }
            Err(_) => {
                debug!("a handshake took too long");
                None
            }
        }
    }

    /// Answers one request after the other.
    async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        remote: Remote,
        place: &Arc<Place>,
        watcher: Watcher,
    ) -> hyper::Result<()> {
        let answer = service_fn(|request| self.answer(request, remote, Arc::clone(place)));
        let connection = http1::Builder::new()
            .title_case_headers(true)
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .max_headers(MAX_HEADERS)
            .max_header_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), answer);
        watcher.watch(connection).await
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        remote: Remote,
        place: Arc<Place>,
    ) -> Result<Response<Leaving>, Infallible> {
        place.is_ours_to_keep();
        let within = self.limits.body;
        let arriving = |body| Body::new(Arriving::new(body, Arc::clone(&place), within));
        let mut request = request.map(arriving);
        request.extensions_mut().insert(remote);
        let response = self.router.clone().call(request).await?;
        Ok(response.map(|body| Leaving::new(body, place)))
    }
}

/// The next connection. One whose other end is gone without a word is given up after a while.
async fn accept(listener: &TcpListener, silence: Duration) -> (TcpStream, Remote) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                let milliseconds = u32::try_from(silence.as_millis()).unwrap_or(u32::MAX);
                let set = stream.set_nodelay(true).and_then(|()| {
                    set_tcp_user_timeout(&stream, milliseconds).map_err(io::Error::from)
                });
                if let Err(error) = set {
                    let error = &error as &dyn std::error::Error;
                    debug!(error, "a connection is not as it should be");
                }
                return (stream, Remote(remote));
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "no connection can be taken");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
