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
use reqwest::{
    Method,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::json;
use sqlx::PgPool;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    wire::{Answer, Server},
    world::{GUARD, World, claim, instruction, send},
};

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

/// Asks for this address, byte for byte.
async fn asked(world: &World, address: &str) -> Answer {
    let mut stream = TcpStream::connect(world.url.trim_start_matches("http://")).await.unwrap();
    let request = format!("GET {address} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    Answer::read(&mut stream).await
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_that_makes_no_sense_is_refused_as_a_problem(db: PgPool) {
    let world = World::new(&db).await;
    let long = "a".repeat(20_000);
    for address in [
        "/instruction/%ff",
        "/instruction/%",
        "/instruction/%00",
        "/job/%2e%2e%2f%2e%2e",
        "/job?limit=99999999999999999999",
        "/job?status=%00",
        "/job?limit=1&limit=2",
        &format!("/job?key={long}"),
        &format!("/instruction/{long}"),
    ] {
        let answer = asked(&world, address).await;
        let shown = &address[..address.len().min(60)];
        assert!(matches!(answer.status(), 400 | 404 | 422), "{shown}: {}", answer.text());
        assert_eq!(answer.header("Content-Type"), Some("application/problem+json"), "{shown}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_packed_is_not_unpacked(db: PgPool) {
    let world = World::new(&db).await;
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        let request = world.request(Method::POST, "/instruction").json(&instruction("a"));
        let reply = send(request.header(CONTENT_ENCODING, encoding)).await;
        assert_eq!((reply.status, &*reply.problem()), (415, "unsupported-media-type"));
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn json_may_be_deep_and_nobody_falls_into_it(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    assert_eq!(world.say(job, &claim(1, "n1")).await.status, 200);
    for depth in [90, 101, 128, 5000, 100_000] {
        let deep = "[".repeat(depth) + &"]".repeat(depth);
        let patch = json!({"attempt": 1, "sequence": depth, "node": "n1"}).to_string();
        let report = patch.replace('}', &format!(r#", "report": {deep}}}"#));
        let calls = [
            (
                Method::POST,
                "/instruction".to_owned(),
                format!(r#"{{"kind": "k", "body": {deep}}}"#),
            ),
            (Method::POST, "/instruction".to_owned(), deep.clone()),
            (Method::POST, "/job".to_owned(), format!(r#"{{"id": {deep}}}"#)),
            (Method::PATCH, format!("/job/{job}"), report.clone()),
            (
                Method::PATCH,
                "/job".to_owned(),
                format!(r#"[{{"id": "{job}", "patch": {report}}}]"#),
            ),
        ];
        for (method, path, body) in calls {
            let request = world.request(method.clone(), &path);
            let reply = send(request.header(CONTENT_TYPE, "application/json").body(body)).await;
            let refused = matches!(reply.status, 400 | 422);
            assert!(refused || depth == 90, "{method} {path} {depth}: {}", reply.text);
            assert!(reply.status < 500, "{method} {path} {depth}: {}", reply.text);
        }
    }
    assert_eq!(world.job(job).await["status"], "running");
    world.stop().await;
}
