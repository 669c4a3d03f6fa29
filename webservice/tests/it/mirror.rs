//! Loads are shown to the GOBii server that was there before.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    time::timeout,
};
use uuid::Uuid;

use crate::world::{GUARD, World, claim, id, patch};

/// The server before: it has jobs, and lets in whoever shows the token that it gave last.
#[derive(Clone)]
struct Before {
    url: String,
    known: Arc<Mutex<Known>>,
    /// Every call that was let in, and every login.
    calls: Arc<watch::Sender<Vec<String>>>,
    /// A permit for each call that may be answered.
    gate: Arc<Semaphore>,
}

#[derive(Default)]
struct Known {
    jobs: Vec<Value>,
    logins: usize,
    /// What it answers instead, if it is out of order.
    answers: Option<StatusCode>,
}

impl Before {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let before = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            known: Arc::default(),
            calls: Arc::new(watch::channel(Vec::new()).0),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        };
        let router = Router::new().fallback(answer).with_state(before.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        before
    }

    fn set(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.lock().unwrap());
    }

    /// The job that it has, once that stands like this.
    async fn has(&self, status: &str) -> Value {
        let mut calls = self.calls.subscribe();
        let stands = |_: &Vec<String>| {
            let known = self.known.lock().unwrap();
            known.jobs.first().is_some_and(|job| job["status"] == status)
        };
        timeout(GUARD, calls.wait_for(stands)).await.expect("it is shown").unwrap();
        self.known.lock().unwrap().jobs[0].clone()
    }

    fn calls(&self) -> Vec<String> {
        self.calls.borrow().clone()
    }
}

async fn answer(
    State(before): State<Before>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    before.gate.acquire().await.unwrap().forget();
    let path = uri.path().strip_prefix("/gobii-dev/gobii/v1/").unwrap().to_owned();
    let answer = before.judge(&method, &path, &headers, &body);
    before.calls.send_modify(|calls| calls.push(format!("{method} {path} {}", answer.status())));
    answer
}

impl Before {
    fn judge(&self, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Response {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let mut known = self.known.lock().unwrap();
        if let Some(status) = known.answers {
            return (status, "out of order").into_response();
        }
        if path == "auth" {
            if (header("x-username"), header("x-password")) != (Some("digester"), Some("secret")) {
                return StatusCode::UNAUTHORIZED.into_response();
            }
            known.logins += 1;
            return ([("x-auth-token", format!("token {}", known.logins))], "{}").into_response();
        }
        if header("x-auth-token") != Some(&format!("token {}", known.logins)) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let sent = || {
            let envelope: Value = serde_json::from_slice(body).unwrap();
            envelope["payload"]["data"][0].clone()
        };
        let told = match (method.as_str(), path.split_once('/')) {
            ("GET", Some(("jobs", name))) => {
                known.jobs.iter().filter(|job| job["jobName"] == name).cloned().collect()
            }
            ("POST", None) if path == "jobs" => {
                let mut job = sent();
                assert_eq!((&job["jobId"], &job["id"]), (&Value::Null, &Value::Null));
                job["jobId"] = json!(42);
                known.jobs.push(job.clone());
                vec![job]
            }
            ("PUT", Some(("jobs", name))) => {
                let job = sent();
                assert_eq!(
                    (&job["jobName"], &job["jobId"], &job["id"]),
                    (&json!(name), &json!(42), &json!(42))
                );
                known.jobs[0] = job.clone();
                vec![job]
            }
            other => panic!("nobody asks for {other:?}"),
        };
        let status = json!({"succeeded": true, "statusMessages": []});
        Json(json!({"payload": {"data": told}, "header": {"status": status}})).into_response()
    }
}

async fn world(db: &PgPool, before: &Before, root: &TempDir) -> World {
    let crop = json!({"context": "/gobii-dev", "root": root.path()});
    let gobii = json!({"upstream": before.url, "crops": {"dev": crop},
                       "mirror": {"user": "digester", "password": "secret"}});
    let notifications = json!({"max_tries": 2, "first_retry_seconds": 0.01});
    World::with(db, json!({"gobii": gobii, "notifications": notifications})).await
}

fn root() -> TempDir {
    tempfile::tempdir().unwrap()
}

async fn submit(world: &World) -> Uuid {
    let body = json!({"procedure": {
        "metadata": {"gobiiFile": {"source": "/in", "destination": "/out"}, "contactId": 7,
                     "jobPayloadType": "CV_PAYLOADTYPE_MATRIX", "dataset": {"id": 6, "name": "DS"}},
        "instructions": [{"table": "matrix", "gobiiFileColumns": []}]}});
    let order = json!({"key": "dev:load", "kind": "loader", "tenant": "dev", "body": body,
                       "notify": [{"mirror": "gobii"}]});
    let reply = world.post("/instruction", &order).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    id(&reply.json()["job"])
}

async fn settle(world: &World, job: Uuid, status: &str) {
    assert_eq!(world.say(job, &claim(1, "n1")).await.status, 200);
    assert_eq!(world.say(job, &patch(1, 1, "n1", Some(status))).await.status, 200);
}

/// Waits until every notification has come so far.
async fn until(world: &World, status: &str) -> Vec<Value> {
    let look = async {
        loop {
            let all = world.get("/notification").await.json()["items"].as_array().unwrap().clone();
            if !all.is_empty() && all.iter().all(|one| one["status"] == status) {
                return all;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(GUARD, look).await.unwrap_or_else(|_| panic!("they become {status}"))
}

#[sqlx::test(migrations = "../migrations")]
async fn a_load_is_a_job_there_from_its_beginning_to_its_end(db: PgPool) {
    let (before, root) = (Before::new().await, root());
    let world = world(&db, &before, &root).await;
    let job = submit(&world).await;
    let shown = before.has("pending").await;
    for (name, value) in [
        ("jobName", json!("load")),
        ("type", json!("load")),
        ("payloadType", json!("matrix")),
        ("submittedBy", json!(7)),
        ("datasetIds", json!([6])),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    settle(&world, job, "completed").await;
    before.has("completed").await;
    until(&world, "sent").await;
    let rerun = id(&world.post(&format!("/job/{job}/rerun"), &json!(null)).await.json());
    before.has("pending").await;
    settle(&world, rerun, "failed").await;
    before.has("failed").await;
    let calls = before.calls();
    assert_eq!(calls[..3], ["POST auth 200 OK", "GET jobs/load 200 OK", "POST jobs 200 OK"]);
    assert!(calls[3..].iter().all(|call| !call.starts_with("POST")), "{calls:?}");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_loaderui_finishes_is_shown(db: PgPool) {
    let (before, root) = (Before::new().await, root());
    let world = world(&db, &before, &root).await;
    let files = root.path().join("crops/dev/files/data_1");
    std::fs::create_dir_all(&files).unwrap();
    let call = |path: &str| world.request(Method::POST, &format!("/gobii-dev/gobii/v1/{path}"));
    let login = call("auth").header("x-username", "digester").header("x-password", "secret");
    let login = login.body("empty").send().await.unwrap();
    let element = json!({"table": "marker", "contactId": 7, "gobiiFileColumns": [],
        "gobiiFile": {"source": files, "destination": root.path().join("crops/dev/loader/digest/data_1"),
                      "createSource": false, "gobiiFileType": "GENERIC", "delimiter": "\\t"}});
    let item = json!({"instructionFileName": "data_1", "gobiiLoaderInstructions": [element]});
    let create =
        call("instructions/loader").header("x-auth-token", &login.headers()["x-auth-token"]);
    let created = create.json(&json!({"payload": {"data": [item]}})).send().await.unwrap();
    assert_eq!(created.status(), 201, "{}", created.text().await.unwrap());
    let shown = before.has("pending").await;
    assert_eq!((&shown["jobName"], &shown["payloadType"]), (&json!("data_1"), &json!("markers")));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_server_that_is_slow_or_away_delays_nothing_of_ours(db: PgPool) {
    let (before, root) = (Before::new().await, root());
    before.gate.forget_permits(Semaphore::MAX_PERMITS);
    let world = world(&db, &before, &root).await;
    let job = submit(&world).await;
    settle(&world, job, "completed").await;
    assert_eq!(world.job(job).await["status"], "completed");
    before.gate.add_permits(100);
    before.has("completed").await;
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_could_not_be_shown_is_shown_after_a_restart(db: PgPool) {
    let (before, root) = (Before::new().await, root());
    before.gate.forget_permits(Semaphore::MAX_PERMITS);
    let first = world(&db, &before, &root).await;
    submit(&first).await;
    first.stop().await;
    // Whoever began with it is not there any more, and its lease is over.
    sqlx::query("update notification set next_at = now()").execute(&db).await.unwrap();
    before.gate.add_permits(100);
    let second = world(&db, &before, &root).await;
    before.has("pending").await;
    second.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_login_that_ended_is_made_again(db: PgPool) {
    let (before, root) = (Before::new().await, root());
    let world = world(&db, &before, &root).await;
    let job = submit(&world).await;
    before.has("pending").await;
    until(&world, "sent").await;
    before.set(|known| known.logins += 1);
    settle(&world, job, "failed").await;
    before.has("failed").await;
    let refused = before.calls().iter().filter(|call| call.contains("401")).count();
    assert_eq!(refused, 1);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_the_server_refuses_is_given_up_and_can_be_shown_later(db: PgPool) {
    let (before, root) = (Before::new().await, root());
    before.set(|known| known.answers = Some(StatusCode::NOT_FOUND));
    let world = world(&db, &before, &root).await;
    let job = submit(&world).await;
    let dead = until(&world, "dead").await.remove(0);
    assert!(dead["error"].as_str().unwrap().contains("404"), "{dead}");
    assert!(!dead.to_string().contains("secret"));
    settle(&world, job, "completed").await;
    assert_eq!(world.job(job).await["status"], "completed");
    until(&world, "dead").await;
    before.set(|known| known.answers = None);
    let resend = format!("/notification/{}/resend", dead["id"]);
    assert_eq!(world.post(&resend, &json!(null)).await.status, 202);
    before.has("completed").await;
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn only_what_can_be_shown_may_be_asked_to_be_shown(db: PgPool) {
    let (before, root) = (Before::new().await, root());
    let world = world(&db, &before, &root).await;
    let order = |key: &str, mirror: &str| json!({"key": key, "kind": "sleep", "body": 1, "notify": [{"mirror": mirror}]});
    let other = world.post("/instruction", &order("a", "another")).await;
    assert_eq!((other.status, &*other.problem()), (422, "invalid"));
    assert_eq!(world.post("/instruction", &order("b", "gobii")).await.status, 201);
    let dead = until(&world, "dead").await.remove(0);
    assert_eq!(dead["error"], "it is no load of a crop of GOBii's");
    assert_eq!(before.calls(), [""; 0]);
    world.stop().await;
    let off = World::new(&db).await;
    assert_eq!(off.post("/instruction", &order("c", "gobii")).await.status, 422);
    off.stop().await;
}
