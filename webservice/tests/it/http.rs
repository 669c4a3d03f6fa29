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

/// A handler that says when it has begun, and ends when it is let go.
#[derive(Clone, Default)]
struct Gate {
    begun: Arc<Notify>,
    finish: Arc<Notify>,
}

impl Gate {
    fn router(&self) -> Router {
        let gate = self.clone();
        Router::new().route(
            "/",
            get(async move || {
                gate.begun.notify_one();
                gate.finish.notified().await;
                "done"
            }),
        )
    }
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_while_the_others_are_being_answered() {
    let gate = Gate::default();
    let limits = Limits { connections: 1, ..Limits::default() };
    let server = Server::start(gate.router(), limits).await;
    let mut first = server.connect().await;
    first.write_all(GET).await.unwrap();
    gate.begun.notified().await;
    let mut second = server.connect().await;
    second.write_all(GET).await.unwrap();
    gate.finish.notify_one();
    assert_eq!(Answer::read(&mut first).await.text(), "done");
    gate.begun.notified().await;
    gate.finish.notify_one();
    assert_eq!(Answer::read(&mut second).await.text(), "done");
}

#[tokio::test]
async fn an_idle_connection_makes_way_for_another() {
    let server = Server::start(hello(), Limits { connections: 1, ..Limits::default() }).await;
    let mut idle = server.connect().await;
    idle.write_all(GET).await.unwrap();
    Answer::read(&mut idle).await;
    assert_eq!(server.exchange(GET).await.status(), 200);
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0, "it had to go");
}

#[tokio::test]
async fn those_who_say_nothing_keep_nobody_from_being_answered() {
    let server = Server::start(hello(), Limits { connections: 4, ..Limits::default() }).await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        silent.push(stream);
    }
    assert_eq!(server.exchange(GET).await.status(), 200);
}

#[tokio::test]
async fn a_request_under_way_is_answered_although_the_service_was_told_to_stop() {
    let gate = Gate::default();
    let mut server = Server::start(gate.router(), Limits::default()).await;
    let (mut stream, mut idle) = (server.connect().await, server.connect().await);
    stream.write_all(GET).await.unwrap();
    gate.begun.notified().await;
    server.shutdown.cancel();
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0, "an idle connection is closed at once");
    gate.finish.notify_one();
    assert_eq!(Answer::read(&mut stream).await.text(), "done");
    (&mut server.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_outlives_its_time_does_not_keep_the_service_from_stopping() {
    let gate = Gate::default();
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
    let mut server = Server::start(gate.router(), limits).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    gate.begun.notified().await;
    server.shutdown.cancel();
    (&mut server.served).await.unwrap().unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
}
