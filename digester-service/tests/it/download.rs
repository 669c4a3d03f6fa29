//! `GET /job/{id}/file/{name}`: what a job wrote, and nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
};

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::world::{Node, Reply, World, send};

/// A job that wrote a file, as its report says.
struct Written {
    world: World,
    node: Node,
    home: TempDir,
    job: Uuid,
}

impl Written {
    async fn new() -> Self {
        let (world, home) = (World::new().await, tempfile::tempdir().unwrap());
        let file = Self::path(home.path());
        fs::write(&file, "name\n").unwrap();
        fs::write(home.path().join("other"), "name\n").unwrap();
        let node = world.node_with(json!({"roots": [home.path()], "token": "t"}), json!({}));
        let report = json!({"files": [{"path": file, "bytes": 5, "sha256": ""},
                                      {"path": "/etc/passwd", "bytes": 5, "sha256": ""}]});
        let (job, request) = world.web.submit("gate", &json!({"report": report}));
        let handed = node.request(Method::POST, "/job").bearer_auth("t").json(&request);
        assert_eq!(send(handed).await.status, 202);
        node.gate.open();
        world.web.until_settled(job).await;
        Self { world, node, home, job }
    }

    fn path(home: &Path) -> PathBuf {
        home.join("digest.marker")
    }

    async fn ask(&self, name: &str) -> Reply {
        let path = format!("/job/{}/file/{name}", self.job);
        send(self.node.request(Method::GET, &path).bearer_auth("t")).await
    }

    async fn refusal(&self, name: &str) -> (u16, String) {
        let reply = self.ask(name).await;
        (reply.status, reply.problem())
    }
}

fn problem(status: u16, kind: &str) -> (u16, String) {
    (status, kind.to_owned())
}

#[tokio::test]
async fn a_file_that_the_report_names_is_sent_as_it_is() {
    let written = Written::new().await;
    let reply = written.ask("digest.marker").await;
    assert_eq!((reply.status, &*reply.text), (200, "name\n"));
    assert_eq!(reply.headers["content-length"], "5");
    assert_eq!(reply.headers["content-type"], "application/octet-stream");
    written.node.stop().await;
}

#[tokio::test]
async fn nothing_else_is_sent() {
    let written = Written::new().await;
    for name in ["other", "..%2Fother", "passwd", "digest.marker%00"] {
        assert_eq!(written.refusal(name).await, problem(404, "not-found"), "{name}");
    }
    let unknown = format!("/job/{}/file/digest.marker", Uuid::now_v7());
    let asked = written.node.request(Method::GET, &unknown).bearer_auth("t");
    assert_eq!(send(asked).await.status, 404);
    let path = format!("/job/{}/file/digest.marker", written.job);
    assert_eq!(written.node.get(&path).await.status, 401, "who has no token");
    written.node.stop().await;
}

#[tokio::test]
async fn a_file_that_changed_or_is_gone_is_not_sent() {
    let written = Written::new().await;
    let file = Written::path(written.home.path());
    fs::write(&file, "name\nm1\n").unwrap();
    assert_eq!(written.refusal("digest.marker").await, problem(409, "conflict"));
    fs::remove_file(&file).unwrap();
    assert_eq!(written.refusal("digest.marker").await, problem(404, "not-found"));
    std::os::unix::fs::symlink(written.home.path().join("other"), &file).unwrap();
    assert_eq!(written.refusal("digest.marker").await, problem(404, "not-found"));
    written.node.stop().await;
}

#[tokio::test]
async fn while_the_web_service_is_away_it_is_not_known_what_may_be_sent() {
    let written = Written::new().await;
    written.world.web.is(crate::web::Mood::Away);
    assert_eq!(written.refusal("digest.marker").await, problem(503, "unavailable"));
    written.node.stop().await;
}
