//! The accept loop.

use std::{sync::Arc, time::Duration};

use axum::{Router, routing::get};
use edge::Limits;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::Notify,
};

use crate::wire::{Answer, Server};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

fn hello() -> Router {
    Router::new().route("/", get(async || [("x-auth-token", "t")]))
}

#[tokio::test]
async fn header_names_go_out_in_title_case() {
    let server = Server::start(hello(), Limits::default()).await;
    let answer = server.exchange(GET).await;
    assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"), "{}", answer.head);
    assert!(answer.head.contains("\r\nX-Auth-Token: t"), "{}", answer.head);
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other_and_is_closed_when_idle() {
    let limits = Limits { head: Duration::from_millis(200), ..Limits::default() };
    let server = Server::start(hello(), limits).await;
    let mut stream = server.connect().await;
    for _ in 0..2 {
        stream.write_all(GET).await.unwrap();
        assert_eq!(Answer::read(&mut stream).await.status(), 200);
    }
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "closed by the server");
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let limits = Limits { head: Duration::from_millis(200), ..Limits::default() };
    let server = Server::start(hello(), limits).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_one_to_go() {
    let server = Server::start(hello(), Limits { connections: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    first.write_all(GET).await.unwrap();
    Answer::read(&mut first).await;
    let mut second = server.connect().await;
    second.write_all(GET).await.unwrap();
    first.write_all(GET).await.unwrap();
    assert_eq!(Answer::read(&mut first).await.status(), 200);
    let unread = second.try_read(&mut [0]).unwrap_err();
    assert_eq!(unread.kind(), std::io::ErrorKind::WouldBlock, "the only slot is taken");
    drop(first);
    assert_eq!(Answer::read(&mut second).await.status(), 200);
}

#[tokio::test]
async fn a_request_under_way_is_answered_although_the_service_was_told_to_stop() {
    let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (begun, finish) = (Arc::clone(&begun), Arc::clone(&finish));
        Router::new().route(
            "/",
            get(async move || {
                begun.notify_one();
                finish.notified().await;
                "done"
            }),
        )
    };
    let mut server = Server::start(slow, Limits::default()).await;
    let (mut stream, mut idle) = (server.connect().await, server.connect().await);
    stream.write_all(GET).await.unwrap();
    begun.notified().await;
    server.shutdown.cancel();
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0, "an idle connection is closed at once");
    finish.notify_one();
    assert_eq!(Answer::read(&mut stream).await.text(), "done");
    (&mut server.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_outlives_its_time_does_not_keep_the_service_from_stopping() {
    let begun = Arc::new(Notify::new());
    let endless = {
        let begun = Arc::clone(&begun);
        Router::new().route(
            "/",
            get(async move || {
                begun.notify_one();
                std::future::pending::<()>().await;
            }),
        )
    };
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
    let mut server = Server::start(endless, limits).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    begun.notified().await;
    server.shutdown.cancel();
    (&mut server.served).await.unwrap().unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
}
