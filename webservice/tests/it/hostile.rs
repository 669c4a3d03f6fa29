//! Clients that are slow, greedy or broken: what they cost is bounded, and others are served.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use edge::Limits;
use futures_util::{StreamExt as _, stream};
use tokio::{io::AsyncWriteExt as _, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{wire::Server, world::GUARD};

/// A while that a test can wait.
const SHORT: Duration = Duration::from_millis(200);

fn router() -> Router {
    Router::new().route("/length", post(async |body: Bytes| body.len().to_string()))
}

async fn server(limits: Limits) -> Server {
    Server::start(router(), limits).await
}

async fn status(request: &[u8]) -> u16 {
    server(Limits::default()).await.exchange(request).await.status()
}

#[tokio::test]
async fn a_body_that_never_comes_is_refused_in_the_end() {
    let server = server(Limits { body: SHORT, ..Limits::default() }).await;
    let head = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel";
    assert_eq!(server.exchange(head).await.status(), 400);
}

#[tokio::test]
async fn a_reader_who_does_not_read_is_given_up() {
    let given_up = CancellationToken::new();
    let guard = given_up.clone().drop_guard();
    let endless = stream::repeat(Bytes::from_static(&[0; 64 << 10])).map(move |bytes| {
        let _held = &guard;
        Ok::<_, Infallible>(bytes)
    });
    let body = Arc::new(Mutex::new(Body::from_stream(endless)));
    let body = async move || std::mem::take(&mut *body.lock().unwrap());
    let limits = Limits { write: SHORT, ..Limits::default() };
    let server = Server::start(Router::new().route("/", get(body)), limits).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    timeout(GUARD, given_up.cancelled()).await.expect("what it was sent is let go");
}

#[tokio::test]
async fn a_head_of_many_lines_or_of_many_bytes_is_refused() {
    let many = (0..200).map(|line| format!("x-{line}: y\r\n")).collect::<String>();
    assert_eq!(status(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes()).await, 431);
    let long = "y".repeat(100 << 10);
    assert_eq!(status(format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n").as_bytes()).await, 431);
    let address = format!("GET /?{long} HTTP/1.1\r\nHost: x\r\n\r\n");
    let refused = status(address.as_bytes()).await;
    assert!(matches!(refused, 414 | 431), "{refused}");
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /length HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: zip\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"\r\n\r\n\x00\x00\x00\x00\r\n\r\n",
    ] {
        assert_eq!(status(bytes).await, 400, "{}", String::from_utf8_lossy(bytes));
    }
}
