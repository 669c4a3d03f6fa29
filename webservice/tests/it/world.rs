//! A web service on a port of its own, and short words for what is asked of it.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, PgPool};
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use webservice::{Config, Service, gobii::LoaderCheck};

/// How long a test waits for what must come; only a test that fails waits so long.
pub(crate) const GUARD: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) http: Client,
    shutdown: CancellationToken,
    served: JoinHandle<anyhow::Result<()>>,
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
    pub(crate) async fn new(db: &PgPool) -> Self {
        Self::with(db, json!({})).await
    }

    /// A service with more settings than the database.
    pub(crate) async fn with(db: &PgPool, settings: Value) -> Self {
        let url = db.connect_options().to_url_lossy();
        Self::at(json!({"url": url.as_str(), "max_connections": 5}), settings).await
    }

    /// A service that knows what instructions of kind `loader` say.
    pub(crate) async fn with_loader(db: &PgPool) -> Self {
        let url = db.connect_options().to_url_lossy();
        let config = config(json!({"url": url.as_str(), "max_connections": 5}), json!({}));
        let check = LoaderCheck::new(Vec::new());
        Self::serving(Service::new(config).with_check("loader".parse().unwrap(), check)).await
    }

    pub(crate) async fn at(database: Value, settings: Value) -> Self {
        Self::serving(Service::new(config(database, settings))).await
    }

    async fn serving(service: Service) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(service.serve(listener, shutdown.clone()));
        Self { url, http: edge::client().build().unwrap(), shutdown, served }
    }

    /// Ends the service, which must go without complaint.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        drop(self.http);
        timeout(GUARD, self.served).await.expect("the service stops").unwrap().unwrap();
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    /// Creates an instruction of kind `sleep` under this key.
    pub(crate) async fn submit(&self, key: &str) -> Uuid {
        let reply = self.post("/instruction", &instruction(key)).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        id(&reply.json()["job"])
    }

    pub(crate) async fn job(&self, job: Uuid) -> Value {
        self.get(&format!("/job/{job}")).await.json()
    }

    /// Says one thing of a job.
    pub(crate) async fn say(&self, job: Uuid, patch: &Value) -> Reply {
        self.patch(&format!("/job/{job}"), patch).await
    }

    /// Says that a node lives, and what it says of itself beside that.
    pub(crate) async fn beat(&self, node: &str, boot: Uuid, more: Value) -> Reply {
        let mut beat = json!({"boot": boot, "address": "http://127.0.0.1:9", "kinds": ["sleep"],
                              "capacity": 10, "held": 0, "room": 10, "version": "1.2.3"});
        for (name, value) in more.as_object().unwrap() {
            beat[name] = value.clone();
        }
        send(self.request(Method::PUT, &format!("/node/{node}")).json(&beat)).await
    }

    /// Makes a node known that takes no jobs in; returns its process.
    pub(crate) async fn register(&self, node: &str) -> Uuid {
        let boot = Uuid::now_v7();
        let reply = self.beat(node, boot, json!({})).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        boot
    }

    /// What is told of a job's way: status, attempt and message.
    pub(crate) async fn history(&self, job: Uuid) -> Vec<String> {
        let page = self.get(&format!("/job/{job}/events")).await.json();
        let line = |event: &Value| {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("status"), event["attempt"], text("message"))
        };
        page["items"].as_array().unwrap().iter().map(line).collect()
    }

    /// Waits until the job is as wanted.
    pub(crate) async fn until(&self, job: Uuid, wanted: impl Fn(&Value) -> bool) -> Value {
        let look = async {
            loop {
                let job = self.job(job).await;
                if wanted(&job) {
                    return job;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(GUARD, look).await.expect("the job becomes as wanted")
    }
}

fn config(database: Value, mut settings: Value) -> Config {
    settings["database"] = database;
    serde_json::from_value(settings).unwrap()
}

pub(crate) async fn send(request: RequestBuilder) -> Reply {
    read(request.send().await.unwrap()).await
}

pub(crate) async fn read(response: Response) -> Reply {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, text: response.text().await.unwrap() }
}

pub(crate) fn instruction(key: &str) -> Value {
    json!({"key": key, "kind": "sleep", "body": {"milliseconds": 1}})
}

/// A patch: who says it, in which order, and what status it moves the job to.
pub(crate) fn patch(attempt: u32, sequence: u32, node: &str, status: Option<&str>) -> Value {
    let mut patch = json!({"attempt": attempt, "sequence": sequence, "node": node});
    if let Some(status) = status {
        patch["status"] = json!(status);
    }
    patch
}

pub(crate) fn claim(attempt: u32, node: &str) -> Value {
    patch(attempt, 0, node, Some("running"))
}

pub(crate) fn id(job: &Value) -> Uuid {
    job["id"].as_str().unwrap().parse().unwrap()
}
