//! A digester service in a runtime of its own, so that it can be killed.

use std::{path::Path, time::Duration};

use digester_service::{Config, Loader, Role, Service, Sleep};
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{digester::Gate, rogue::Rogue, sleepers::Sleepers, web::Web};

/// How long a test waits for what must come; only a test that fails waits so long.
pub(crate) const GUARD: Duration = Duration::from_secs(30);

/// A web service, and what a node leaves on disk.
pub(crate) struct World {
    pub(crate) web: Web,
    pub(crate) state: TempDir,
}

pub(crate) struct Node {
    pub(crate) url: String,
    pub(crate) gate: Gate,
    pub(crate) sleepers: Sleepers,
    http: Client,
    stopping: CancellationToken,
    served: JoinHandle<anyhow::Result<()>>,
    runtime: Runtime,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The name of the problem, which must be told as one.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        let kind = problem["type"].as_str().unwrap().strip_prefix("urn:digester:problem:");
        kind.unwrap().to_owned()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self { web: Web::new().await, state: tempfile::tempdir().unwrap() }
    }

    /// A node that digests one at a time.
    pub(crate) fn node(&self) -> Node {
        self.node_with(json!({}), json!({}))
    }

    pub(crate) fn node_with(&self, settings: Value, limits: Value) -> Node {
        Node::start(self.state.path(), &self.web.url, settings, limits)
    }
}

impl Node {
    fn start(state: &Path, web: &str, settings: Value, limits: Value) -> Self {
        let mut config = json!({
            "node": "n1", "state": state, "callback": web,
            "regulator": {"gates": [{"fixed": {"at_once": 1}}]},
            "limits": {"report_every_ms": 1, "max_backoff_seconds": 1, "farewell_seconds": 1},
        });
        merge(&mut config, settings);
        merge(&mut config["limits"], limits);
        let config: Config = serde_json::from_value(config).unwrap();
        let gate = Gate::default();
        let sleepers = Sleepers::default();
        let loader = Loader::new(config.bounds()).unwrap();
        let role = Role(vec![env!("CARGO_BIN_EXE_digest-role").into()]);
        let service =
            Service::new(config).with(Sleep::default()).with(gate.clone()).with(sleepers.clone());
        let service = service.with(loader).with(Rogue).with_role(role);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stopping = CancellationToken::new();
        let served = runtime.spawn({
            let stopping = stopping.clone();
            async move { service.serve(TcpListener::from_std(listener).unwrap(), stopping).await }
        });
        Self {
            url,
            gate,
            sleepers,
            http: edge::client().build().unwrap(),
            stopping,
            served,
            runtime,
        }
    }

    /// Ends it as a crash would: nothing is finished, nothing is said.
    pub(crate) async fn kill(self) {
        self.served.abort();
        // The folder is free once the service is gone.
        assert!(timeout(GUARD, self.served).await.unwrap().unwrap_err().is_cancelled());
        self.runtime.shutdown_background();
    }

    /// Tells it to stop.
    pub(crate) fn ask_to_stop(&self) {
        self.stopping.cancel();
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) async fn stop(self) {
        self.stopping.cancel();
        drop(self.http);
        timeout(GUARD, self.served).await.expect("the service stops").unwrap().unwrap();
        self.runtime.shutdown_background();
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn hand_over(&self, request: &Value) -> Reply {
        send(self.request(Method::POST, "/job").json(request)).await
    }

    /// Hands a job over that must be taken.
    pub(crate) async fn takes(&self, request: &Value) {
        let reply = self.hand_over(request).await;
        assert_eq!(reply.status, 202, "{}", reply.text);
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn cancel(&self, id: Uuid) -> u16 {
        send(self.request(Method::DELETE, &format!("/job/{id}"))).await.status
    }

    /// What the job is doing here; `null` when it is not held.
    pub(crate) async fn state_of(&self, id: Uuid) -> Value {
        let reply = self.get(&format!("/job/{id}")).await;
        if reply.status == 404 { Value::Null } else { reply.json()["state"].clone() }
    }

    /// Waits until the job is in this state here.
    pub(crate) async fn until(&self, id: Uuid, state: Value) {
        let look = async {
            while self.state_of(id).await != state {
                tokio::task::yield_now().await;
            }
        };
        timeout(GUARD, look).await.unwrap_or_else(|_| panic!("job {id} does not become {state}"));
    }
}

/// Waits until something is so that nobody tells of.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let look = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    timeout(GUARD, look).await.expect("it becomes so");
}

fn merge(into: &mut Value, from: Value) {
    for (name, value) in from.as_object().unwrap() {
        into[name] = value.clone();
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, text: response.text().await.unwrap() }
}
