//! The accept loop that routers are served by.
//!
//! Plain HTTP/1.1. Header names go out in title case: some old clients compare them as text.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Layer as _;
use tracing::{debug, warn};

/// How long to wait when no connection can be taken, for want of file descriptors perhaps.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// How long a client may keep an idle connection for another request: a little less than the
/// server does, so that it never sends into a connection that is being closed.
pub const IDLE_CONNECTION: Duration = Duration::from_secs(10);

/// What one listener may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many connections are open at most; the next ones wait to be accepted.
    pub connections: usize,
    /// How long a connection may take to send the head of a request, the first one or the next:
    /// idle connections are closed after it.
    pub head: Duration,
    /// How long requests under way may take once the service was told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 512, head: Duration::from_secs(15), drain: Duration::from_secs(10) }
    }
}

/// The other end of the connection that a request came over; an extension of every request.
#[derive(Clone, Copy, Debug)]
pub struct Remote(pub SocketAddr);

/// Serves the router until told to stop, then lets the requests under way finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    limits: Limits,
) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    while let Some((stream, remote, slot)) = next(&listener, &slots, &shutdown).await {
        while connections.try_join_next().is_some() {}
        let service = Extension(remote).layer(router.clone());
        let connection = http1::Builder::new()
            .title_case_headers(true)
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            let _slot = slot;
            if let Err(error) = connection.await {
                debug!(error = &error as &dyn std::error::Error, "a connection broke");
            }
        });
    }
    drop(listener);
    if timeout(limits.drain, graceful.shutdown()).await.is_err() {
        warn!("requests under way were cut off at the end of their time");
    }
    connections.shutdown().await;
    Ok(())
}

/// The next connection with its slot; none when told to stop.
async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, Remote, OwnedSemaphorePermit)> {
    let next = async {
        let slots = Arc::clone(slots);
        let slot = slots.acquire_owned().await.expect("the semaphore is never closed");
        let (stream, remote) = accept(listener).await;
        (stream, remote, slot)
    };
    tokio::select! {
        next = next => Some(next),
        () = shutdown.cancelled() => None,
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, Remote) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    debug!(error = &error as &dyn std::error::Error, "TCP_NODELAY is not set");
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
