//! The pages of a node, which a stub stands for.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, Uri},
    routing::{get, put},
};
use reqwest::{Method, redirect::Policy};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    access::{call, closed},
    world::{Reply, World, send},
};

/// A text that would be a script if it were not escaped.
const HOSTILE: &str = "</textarea><script>alert(1)</script>";

/// A node that answers as it is told, and remembers what it was asked to change.
#[derive(Clone, Default)]
pub(super) struct Stub(Arc<Mutex<Known>>);

#[derive(Default)]
pub(super) struct Known {
    pub(super) regulation: Value,
    pub(super) held: Value,
    /// What is said to a strategy.
    answer: Option<(u16, Value)>,
    asked: Vec<String>,
}

impl Stub {
    /// Makes a node known that this stub stands for.
    pub(super) async fn beside(world: &World) -> Self {
        let stub = Self::default();
        stub.0.lock().unwrap().regulation = regulation("open", "at_once = 4\n", "Four at once.");
        stub.0.lock().unwrap().held = json!([]);
        let router = Router::new()
            .route("/regulator", get(tell).put(strategy))
            .route("/regulator/mode", put(mode))
            .route("/job", get(held))
            .with_state(stub.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        beat(world, &address).await;
        stub
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.0.lock().unwrap());
    }

    fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }
}

async fn beat(world: &World, address: &str) {
    let reply = world.beat("n1", Uuid::now_v7(), json!({"address": address})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

fn regulation(mode: &str, toml: &str, words: &str) -> Value {
    let slots = json!({"name": "slots", "used": 3, "capacity": 4});
    let memory = json!({"name": "memory", "used": 1 << 30, "capacity": 4_u64 << 30});
    json!({"mode": mode, "running": 3, "waiting": 9, "set_aside": 0, "toml": toml, "words": [words],
           "gates": [{"name": "fixed", "text": "3 of 4 slots taken", "budgets": [slots, memory]},
                     {"name": "keyed", "text": "1 at once of one key", "budgets": []}]})
}

async fn tell(State(stub): State<Stub>) -> Json<Value> {
    Json(stub.0.lock().unwrap().regulation.clone())
}

async fn held(State(stub): State<Stub>) -> Json<Value> {
    Json(stub.0.lock().unwrap().held.clone())
}

async fn mode(State(stub): State<Stub>, Json(wanted): Json<Value>) -> Json<Value> {
    stub.set(|known| {
        known.asked.push(wanted["mode"].as_str().unwrap().to_owned());
        known.regulation["mode"] = wanted["mode"].clone();
    });
    tell(State(stub)).await
}

async fn strategy(State(stub): State<Stub>, uri: Uri, toml: String) -> (StatusCode, Json<Value>) {
    let tried = uri.query() == Some("dry_run=true");
    let mut known = stub.0.lock().unwrap();
    known.asked.push(format!("{} {toml}", if tried { "try" } else { "set" }));
    let fine = if tried {
        json!({"toml": toml, "words": ["Seven at once."]})
    } else {
        json!({"changed": true, "set_aside": []})
    };
    let (status, answer) = known.answer.clone().unwrap_or((200, fine));
    (StatusCode::from_u16(status).unwrap(), Json(answer))
}

async fn world(db: &PgPool) -> World {
    let mut world = World::new(db).await;
    world.http = edge::client().redirect(Policy::none()).build().unwrap();
    world
}

async fn post(world: &World, path: &str, form: &[(&str, &str)]) -> Reply {
    send(world.request(Method::POST, path).form(form)).await
}

fn assert_says(page: &str, words: &[&str]) {
    for words in words {
        assert!(page.contains(words), "{words} in {page}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_tells_what_decides_how_full_it_is_and_what_it_has(db: PgPool) {
    let world = world(&db).await;
    let stub = Stub::beside(&world).await;
    let (running, waiting) = (Uuid::now_v7(), Uuid::now_v7());
    let at = "2026-01-01T00:00:00Z";
    stub.set(|known| {
        known.held = json!([
            {"id": running, "key": "maize.1", "kind": "loader", "state": "running", "stage": "digest",
             "progress": {"done": 1024, "total": 4096}, "taken_at": at},
            {"id": waiting, "key": "maize.2", "kind": "loader", "state": "waiting", "taken_at": at,
             "waits_for": ["waits for a slot"], "place": 2, "queue_length": 9, "expected_at": at}]);
    });
    let page = world.get("/nodes/n1").await.text;
    let (running, waiting) = (format!("/jobs/{running}"), format!("/jobs/{waiting}"));
    assert_says(
        &page,
        &[
            "Four at once.",
            "at_once = 4",
            "max=\"4\" value=\"3\"",
            "3 of 4",
            "1.0 GiB of 4.0 GiB",
            "1 at once of one key",
            &running,
            "max=\"4096\" value=\"1024\"",
            &waiting,
            "waits for a slot",
            "place <b>2</b> of 9",
            "… and 8 more.",
            "1.2.3",
        ],
    );
    assert!(world.get("/nodes").await.text.contains("href=\"/nodes/n1\""));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_does_not_answer_shows_what_is_known_and_why_not_more(db: PgPool) {
    let world = world(&db).await;
    // Bound and let go: nobody answers there.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    beat(&world, &format!("http://{free}")).await;
    let reply = world.get("/nodes/n1").await;
    assert_eq!(reply.status, 200);
    assert_says(&reply.text, &["Nobody answers at its address.", "1.2.3", "0 of 10 jobs"]);
    assert!(!reply.text.contains("Pause"), "nothing to press that would do nothing");
    assert_eq!(world.get("/nodes/n2").await.status, 404);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_operator_pauses_drains_and_resumes(db: PgPool) {
    let world = world(&db).await;
    let stub = Stub::beside(&world).await;
    for mode in ["paused", "draining", "open"] {
        let reply = post(&world, "/nodes/n1/mode", &[("mode", mode)]).await;
        assert_eq!((reply.status, reply.headers["location"].as_bytes()), (303, &b"/nodes/n1"[..]));
        let page = world.get("/nodes/n1").await.text;
        assert_eq!(page.contains(">Resume<"), mode != "open", "{mode}");
        assert_eq!(page.contains(">Drain<"), mode != "draining", "{mode}");
    }
    assert_eq!(stub.asked(), ["paused", "draining", "open"]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_strategy_is_compared_before_it_is_put_in_force(db: PgPool) {
    let world = world(&db).await;
    let stub = Stub::beside(&world).await;
    let path = "/nodes/n1/strategy";
    let form = world.get(path).await.text;
    assert_says(&form, &["at_once = 4\n</textarea>", "?example=nights"]);
    assert!(!form.contains("data-live"), "nothing changes what is being written");
    let example = world.get(&format!("{path}?example=nights")).await.text;
    assert_says(&example, &["Europe/Berlin", "now 3 run and 9 wait"]);
    let form =
        |action| [("toml", "at_once = 7\r\n"), ("seen", "at_once = 4\r\n"), ("action", action)];
    let checked = post(&world, path, &form("check")).await;
    assert_eq!(checked.status, 200);
    assert_says(&checked.text, &["<del>Four at once.</del>", "<ins>Seven at once.</ins>"]);
    assert_eq!(stub.asked(), ["try at_once = 7\n"]);
    let set = post(&world, path, &form("set")).await;
    assert_eq!((set.status, set.headers["location"].as_bytes()), (303, &b"/nodes/n1"[..]));
    assert_eq!(stub.asked()[1..], ["try at_once = 7\n", "set at_once = 7\n"]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_strategy_that_is_wrong_is_shown_again_with_its_line(db: PgPool) {
    let world = world(&db).await;
    let stub = Stub::beside(&world).await;
    let problem = json!({"type": "urn:digester:problem:invalid", "title": "", "status": 422,
                         "detail": "line 2: unknown field `fixd`", "line": 2});
    stub.set(|known| known.answer = Some((422, problem)));
    let toml = format!("gates = [\n  fixd {HOSTILE}\n]");
    for action in ["check", "set"] {
        let form = [("toml", &*toml), ("seen", "at_once = 4\n"), ("action", action)];
        let reply = post(&world, "/nodes/n1/strategy", &form).await;
        assert_eq!(reply.status, 422);
        assert_says(
            &reply.text,
            &["Line 2: unknown field `fixd`.", "data-line=\"2\"", "<mark>  fixd &lt;/textarea&gt;"],
        );
        assert!(!reply.text.contains("<script>"), "{}", reply.text);
    }
    assert!(stub.asked().iter().all(|asked| asked.starts_with("try")), "nothing was set");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_change_that_somebody_else_made_meanwhile_is_not_overwritten(db: PgPool) {
    let world = world(&db).await;
    let stub = Stub::beside(&world).await;
    let form = [("toml", "at_once = 7"), ("seen", "at_once = 2"), ("action", "set")];
    let reply = post(&world, "/nodes/n1/strategy", &form).await;
    assert_eq!(reply.status, 409);
    assert_says(&reply.text, &["Somebody else has changed the strategy", "at_once = 7</textarea>"]);
    assert_eq!(stub.asked(), ["try at_once = 7"]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_text_is_not_lost_when_the_node_is_gone(db: PgPool) {
    let world = world(&db).await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    beat(&world, &format!("http://{free}")).await;
    let form = [("toml", "at_once = 7"), ("seen", "at_once = 2"), ("action", "set")];
    let reply = post(&world, "/nodes/n1/strategy", &form).await;
    assert_eq!(reply.status, 503);
    assert_says(&reply.text, &["Nobody answers at its address.", "at_once = 7</textarea>"]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_is_steered_by_who_operates_for_all(db: PgPool) {
    let accounts = [("op", "operate:*"), ("some", "operate:maize"), ("ann", "submit:*")];
    let world = closed(&db, &accounts, json!({})).await;
    let beat = json!({"boot": Uuid::now_v7(), "address": "http://127.0.0.1:9", "kinds": [],
                      "capacity": 1, "held": 0, "room": 1, "version": "1"});
    let request = world.request(Method::PUT, "/node/n1").bearer_auth("shared by the services");
    assert_eq!(send(request.json(&beat)).await.status, 200);
    let look =
        async |who: &str, path: &str| call(&world, who, Method::GET, path, Value::Null).await;
    for (who, status) in [("op", 200), ("some", 200), ("ann", 403)] {
        assert_eq!(look(who, "/nodes/n1").await.status, status, "{who}");
    }
    for path in ["/nodes/n1/mode", "/nodes/n1/strategy"] {
        for (who, status) in [("op", 503), ("some", 403), ("ann", 403)] {
            let form = [("mode", "paused"), ("toml", "x"), ("seen", ""), ("action", "set")];
            let request = world.request(Method::POST, path).form(&form);
            let reply = send(request.basic_auth(who, Some(format!("of {who}")))).await;
            assert_eq!(reply.status, status, "{who} {path}: {}", reply.text);
        }
    }
    world.stop().await;
}
