//! Nodes with keys of their own: each is believed for itself, and touches what it has, alone.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, request::Parts},
    response::{IntoResponse as _, Response},
};
use edge::{Calls, Credentials, Keys, KeysConfig, Peer, Signer, Verifier, Way};
use reqwest::Method;
use schema::NodeId;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{net::TcpListener, sync::watch, time::timeout};
use uuid::Uuid;

use crate::world::{GUARD, Reply, World, claim, patch, read};

const KEY_OF_A: &str = "whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh";
const KEY_OF_B: &str = "whsec_YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi";

fn keys(text: &str) -> Keys {
    let keys = vec![text.to_owned().try_into().unwrap()];
    KeysConfig { keys, key_file: None }.load().unwrap()
}

/// A digester service with a key: what it says is signed, and what it hears must be.
#[derive(Clone)]
struct Node {
    name: NodeId,
    peer: Peer,
    url: String,
    verifier: Arc<Verifier>,
    /// Every call that was believed.
    heard: Arc<watch::Sender<Vec<(Parts, Value)>>>,
}

impl Node {
    async fn new(name: &str, key: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (url, name) =
            (format!("http://{}", listener.local_addr().unwrap()), NodeId::new(name).unwrap());
        let signer = Signer::new(name.clone(), Way::ToWebService, keys(key));
        let verifier = Verifier::new(name.clone(), Way::ToNode, keys(key));
        let node = Self {
            peer: Peer::new(Calls::default(), Credentials::Signed(signer)),
            name,
            url,
            verifier: Arc::new(verifier),
            heard: Arc::new(watch::channel(Vec::new()).0),
        };
        let router = Router::new().fallback(hear).with_state(node.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        node
    }

    fn config(&self, key: &str) -> Value {
        json!({"address": self.url, "keys": [key]})
    }

    async fn say(&self, world: &World, method: Method, path: &str, body: &Value) -> Reply {
        let call = self.peer.request(method, format!("{}{path}", world.url));
        let call = if body.is_null() { call } else { call.json(body) };
        read(call.send().await.unwrap()).await
    }

    async fn get(&self, world: &World, path: &str) -> Reply {
        self.say(world, Method::GET, path, &Value::Null).await
    }

    async fn patch(&self, world: &World, job: Uuid, patch: &Value) -> Reply {
        self.say(world, Method::PATCH, &format!("/job/{job}"), patch).await
    }

    async fn beat(&self, world: &World, of: &str, more: Value) -> Reply {
        let mut beat = json!({"boot": Uuid::now_v7(), "address": self.url, "kinds": ["sleep"],
                              "capacity": 10, "held": 0, "room": 10, "version": "1.2.3"});
        for (name, value) in more.as_object().unwrap() {
            beat[name] = value.clone();
        }
        self.say(world, Method::PUT, &format!("/node/{of}"), &beat).await
    }

    /// Waits until it has heard so many calls.
    async fn hears(&self, count: usize) -> Vec<(Parts, Value)> {
        let mut heard = self.heard.subscribe();
        let heard = timeout(GUARD, heard.wait_for(|heard| heard.len() >= count)).await;
        heard.expect("the calls come").unwrap().clone()
    }
}

/// Takes whatever jobs it is handed by somebody whom it believes.
async fn hear(State(node): State<Node>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    if let Err(why) = node.verifier.verify(&head, &body) {
        return edge::distrusted(why).into_response();
    }
    let requests: Value = serde_json::from_slice(&body).unwrap_or_default();
    let taken = requests.as_array().into_iter().flatten().map(|request| {
        let id = &request["job"]["id"];
        json!({"id": id, "taken": {"id": id, "node": "whoever", "already_held": false}})
    });
    let taken = Json(taken.collect::<Vec<_>>()).into_response();
    node.heard.send_modify(|heard| heard.push((head, requests)));
    taken
}

/// A web service that knows two nodes, and lets everybody look and hand in.
async fn world(db: &PgPool, a: &Node, b: &Node) -> World {
    let nodes = json!({"a": a.config(KEY_OF_A), "b": b.config(KEY_OF_B)});
    let access = json!({"anonymous": ["submit:*", "operate:*"]});
    World::with(db, json!({"nodes": nodes, "access": access, "token": "shared"})).await
}

async fn nodes() -> (Node, Node) {
    (Node::new("a", KEY_OF_A).await, Node::new("b", KEY_OF_B).await)
}

/// A job that was handed to this node.
async fn handed(world: &World, to: &Node, key: &str) -> Uuid {
    let reply = to.beat(world, to.name.as_str(), json!({})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let before = to.heard.borrow().len();
    let job = world.submit(key).await;
    to.hears(before + 1).await;
    job
}

/// How a job stands, and all that was told of it.
async fn standing(world: &World, job: Uuid) -> (Value, Vec<String>) {
    (world.job(job).await, world.history(job).await)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_is_handed_over_by_a_signed_call_and_claimed_by_who_was_handed_it_alone(db: PgPool) {
    let (a, b) = nodes().await;
    let world = world(&db, &a, &b).await;
    let job = handed(&world, &a, "for a").await;
    let stolen = b.patch(&world, job, &claim(1, "b")).await;
    assert!(matches!(stolen.status, 403 | 404), "{}", stolen.text);
    let claimed = a.patch(&world, job, &claim(1, "a")).await;
    assert_eq!(claimed.status, 200, "{}", claimed.text);
    let done = a.patch(&world, job, &patch(1, 1, "a", Some("completed"))).await;
    assert_eq!((done.status, &world.job(job).await["node"]), (200, &json!("a")));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_that_waits_with_a_node_is_that_node_s_to_claim_once_it_is_noted(db: PgPool) {
    let (a, b) = nodes().await;
    let world = world(&db, &a, &b).await;
    let job = handed(&world, &a, "for a").await;
    world.until(job, |job| job["node"] == "a").await;
    assert_eq!(b.patch(&world, job, &claim(1, "b")).await.status, 404);
    let nobody_s = Uuid::now_v7();
    assert_eq!(b.patch(&world, nobody_s, &claim(1, "b")).await.status, 404);
    let all = json!([{"id": job, "patch": claim(1, "a")}]);
    let claimed = a.say(&world, Method::PATCH, "/job", &all).await.json();
    assert_eq!(claimed[0]["taken"]["status"], "running", "{claimed}");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_can_do_nothing_with_what_another_has(db: PgPool) {
    let (a, b) = nodes().await;
    let world = world(&db, &a, &b).await;
    let job = handed(&world, &a, "for a").await;
    assert_eq!(a.patch(&world, job, &claim(1, "a")).await.status, 200);
    b.beat(&world, "b", json!({})).await;
    let before = standing(&world, job).await;
    let refused = |reply: Reply, status: u16| {
        assert_eq!(reply.status, status, "{}", reply.text);
        assert!(!reply.text.contains("for a"), "it tells of the job: {}", reply.text);
    };

    for (name, status) in [("a", 403), ("b", 404)] {
        for moved in [Some("completed"), Some("submitted"), Some("running"), None] {
            for attempt in [1, 2] {
                refused(b.patch(&world, job, &patch(attempt, 9, name, moved)).await, status);
            }
        }
    }
    let all = json!([{"id": job, "patch": patch(1, 9, "b", Some("failed"))}]);
    let answered = b.say(&world, Method::PATCH, "/job", &all).await.json();
    assert_eq!(answered[0]["problem"]["status"], 404, "{answered}");

    refused(b.beat(&world, "a", json!({})).await, 403);
    let attempts = json!([{"id": job, "attempt": 1}]);
    let cut = b.beat(&world, "b", json!({"cut_short": attempts, "attempts": attempts})).await;
    assert_eq!(cut.json()["lost"], attempts, "it is not theirs");

    let job_of_a = json!({"id": job, "key": "for a", "kind": "sleep"});
    for name in ["a", "b"] {
        let mut announced = job_of_a.clone();
        announced["node"] = json!(name);
        let status = if name == "a" { 403 } else { 404 };
        refused(b.say(&world, Method::POST, "/job", &announced).await, status);
    }

    refused(b.get(&world, "/job?settled=false&node=a").await, 403);
    refused(b.get(&world, "/job").await, 403);
    refused(b.get(&world, &format!("/job/{job}")).await, 404);
    refused(b.get(&world, &format!("/job/{job}/events")).await, 404);
    let instruction = b.get(&world, "/instruction/for%20a").await;
    assert_eq!((instruction.status, &*instruction.problem()), (404, "not-found"));
    let cancel = b.say(&world, Method::POST, &format!("/job/{job}/cancel"), &Value::Null).await;
    refused(cancel, 403);

    assert_eq!(standing(&world, job).await, before, "nothing has changed");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_reads_what_it_has(db: PgPool) {
    let (a, b) = nodes().await;
    let world = world(&db, &a, &b).await;
    let job = handed(&world, &a, "for a").await;
    let instruction = a.get(&world, "/instruction/for%20a").await;
    assert_eq!(instruction.status, 200, "it was handed over, and not noted yet, perhaps");
    world.until(job, |job| job["node"] == "a").await;
    let listed = a.get(&world, "/job?settled=false&node=a&instructions=true").await.json();
    assert_eq!(listed["items"][0]["id"], json!(job));
    assert_eq!(a.get(&world, &format!("/job/{job}")).await.status, 200);
    let held = json!({"id": job, "key": "for a", "kind": "sleep", "node": "a"});
    assert_eq!(a.say(&world, Method::POST, "/job", &held).await.status, 200);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn where_a_node_has_keys_the_token_does_not_speak_for_it(db: PgPool) {
    let (a, b) = nodes().await;
    let world = world(&db, &a, &b).await;
    let job = handed(&world, &a, "for a").await;
    let with_token = |method, path: &str| world.request(method, path).bearer_auth("shared");
    let patched = with_token(Method::PATCH, &format!("/job/{job}")).json(&claim(1, "a"));
    let patched = crate::world::send(patched).await;
    assert_eq!((patched.status, &*patched.problem()), (401, "unauthorized"));
    let beat = json!({"boot": Uuid::now_v7(), "address": "http://evil", "kinds": [],
                      "capacity": 1, "held": 0, "room": 1, "version": "1"});
    for (node, status) in [("a", 401), ("some other", 200)] {
        let beaten = with_token(Method::PUT, &format!("/node/{node}")).json(&beat);
        assert_eq!(crate::world::send(beaten).await.status, status, "{node}");
    }
    let bare = world.beat("a", Uuid::now_v7(), json!({})).await;
    assert_eq!((bare.status, &*bare.problem()), (401, "unauthorized"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn without_a_token_nobody_is_a_service_but_by_a_key(db: PgPool) {
    let (a, _) = nodes().await;
    let world =
        World::with(&db, json!({"nodes": {"a": a.config(KEY_OF_A)}, "access": {}, "token": null}))
            .await;
    let job = Uuid::now_v7();
    let beat = json!({"boot": Uuid::now_v7(), "address": "http://evil", "kinds": [],
                      "capacity": 1, "held": 0, "room": 1, "version": "1"});
    let calls = [
        (Method::GET, "/job".to_owned(), Value::Null),
        (Method::GET, format!("/job/{job}"), Value::Null),
        (Method::POST, "/job".to_owned(), json!({"id": job, "key": "k", "kind": "sleep"})),
        (Method::PATCH, format!("/job/{job}"), claim(1, "a")),
        (Method::PATCH, "/job".to_owned(), json!([])),
        (Method::PUT, "/node/some%20other".to_owned(), beat),
    ];
    for (method, path, body) in calls {
        for token in [None, Some("shared"), Some("")] {
            let call = world.request(method.clone(), &path).json(&body);
            let call = match token {
                Some(token) => call.bearer_auth(token),
                None => call,
            };
            assert_eq!(crate::world::send(call).await.status, 401, "{method} {path} {token:?}");
        }
    }
    assert_eq!(a.beat(&world, "a", json!({})).await.status, 200);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_is_called_where_it_is_configured_to_be_whatever_it_says(db: PgPool) {
    let (a, b) = nodes().await;
    let world = world(&db, &a, &b).await;
    let beaten = a.beat(&world, "a", json!({"address": "http://169.254.169.254/latest"})).await;
    assert_eq!(beaten.status, 200, "{}", beaten.text);
    assert_eq!(world.get("/node/a").await.json()["address"], json!(a.url));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_call_proves_nothing_when_it_is_sent_again_or_back(db: PgPool) {
    let (a, b) = nodes().await;
    let world = world(&db, &a, &b).await;
    handed(&world, &a, "for a").await;
    // What the web service said is sent back to it.
    let (head, body) = a.hears(1).await.remove(0);
    let back = world.http.post(format!("{}/job", world.url)).headers(head.headers).json(&body);
    assert_eq!(crate::world::send(back).await.status, 401);

    // What the node said is listened to on its way, and said again.
    let Call { headers, .. } = overhear(&a, Method::GET, "/job?node=a", &Value::Null).await;
    let again = || world.request(Method::GET, "/job?node=a").headers(headers.clone());
    let other = world.request(Method::GET, "/job?node=b").headers(headers.clone());
    assert_eq!(crate::world::send(other).await.status, 401, "another address");
    assert_eq!(crate::world::send(again()).await.status, 200, "it was not heard before");
    let repeated = crate::world::send(again()).await;
    assert_eq!((repeated.status, &*repeated.problem()), (401, "unauthorized"));
    assert!(repeated.text.contains("a new id"), "{}", repeated.text);
    world.stop().await;
}

/// A call as it went over the network.
struct Call {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Call {
    /// Makes it, whoever makes it.
    async fn make(&self, world: &World) -> u16 {
        let call = world.request(self.method.clone(), &self.path).headers(self.headers.clone());
        crate::world::send(call.body(self.body.clone())).await.status
    }
}

/// What a node says, which goes to somebody who listens, and no further.
async fn overhear(node: &Node, method: Method, path: &str, body: &Value) -> Call {
    let heard = Arc::new(watch::channel(None).0);
    let ear = {
        let heard = Arc::clone(&heard);
        Router::new().fallback(async move |headers: HeaderMap, body: Bytes| {
            heard.send_replace(Some((headers, body.to_vec())));
        })
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = format!("http://{}{path}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, ear).await });
    let call = node.peer.request(method.clone(), elsewhere);
    let call = if body.is_null() { call } else { call.json(body) };
    call.send().await.unwrap();
    let (headers, body) = heard.borrow().clone().unwrap();
    Call { method, path: path.to_owned(), headers, body }
}

/// How a node stands, without when it was heard.
async fn registered(world: &World, node: &str) -> Value {
    let mut node = world.get(&format!("/node/{node}")).await.json();
    for time in ["seen_at", "lease_until"] {
        node.as_object_mut().unwrap().remove(time);
    }
    node
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_said_again_to_another_web_service_changes_nothing(db: PgPool) {
    let (a, b) = nodes().await;
    let (world, other) = (world(&db, &a, &b).await, self::world(&db, &a, &b).await);
    let job = handed(&world, &a, "for a").await;
    world.until(job, |job| job["node"] == "a").await;
    let one = format!("/job/{job}");
    let mut said = Vec::new();
    let mut say = async |method: Method, path: &str, body: Value| {
        let call = overhear(&a, method, path, &body).await;
        assert_eq!(call.make(&world).await, 200, "{path} {body}");
        said.push(call);
    };
    let beat = |boot: Uuid| {
        json!({"boot": boot, "address": a.url, "kinds": ["sleep"], "capacity": 10, "held": 0,
               "room": 10, "version": "1.2.3"})
    };
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    say(Method::PUT, "/node/a", beat(first)).await;
    let held = json!({"id": job, "key": "for a", "kind": "sleep", "node": "a"});
    say(Method::POST, "/job", held).await;
    say(Method::PATCH, &one, claim(1, "a")).await;
    say(Method::PATCH, &one, patch(1, 1, "a", None)).await;
    let mut cut = beat(first);
    cut["cut_short"] = json!([{"id": job, "attempt": 1}]);
    say(Method::PUT, "/node/a", cut).await;
    say(Method::PUT, "/node/a", beat(second)).await;
    world.until(job, |job| job["status"] == "submitted" && job["node"] == "a").await;
    say(Method::PATCH, "/job", json!([{"id": job, "patch": claim(2, "a")}])).await;
    say(Method::PATCH, &one, patch(2, 1, "a", None)).await;

    let before = (standing(&world, job).await, registered(&world, "a").await);
    assert_eq!(before.0.0["status"], "running");
    for call in &said {
        let status = call.make(&other).await;
        assert!(matches!(status, 200 | 409), "{} {}: {status}", call.method, call.path);
        let now = (standing(&world, job).await, registered(&world, "a").await);
        assert_eq!(now, before, "{} {}", call.method, call.path);
    }
    other.stop().await;
    world.stop().await;
}
