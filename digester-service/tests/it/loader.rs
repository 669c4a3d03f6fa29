//! Loads, in the service and in processes of their own: nobody can tell the difference.

use std::{fs, path::PathBuf};

use schema::{JobStatus, Report};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    web::Row,
    world::{Node, World, send, until},
};

/// The service, and what is set for it to have digests run apart.
fn modes() -> [Value; 2] {
    [json!({}), json!({"sandbox": {"landlock": "require", "seccomp": "require"}})]
}

/// A node with files to load.
struct Site {
    world: World,
    node: Node,
    data: TempDir,
}

impl Site {
    async fn new(mut settings: Value, quota: Value) -> Self {
        let (world, data) = (World::new().await, tempfile::tempdir().unwrap());
        fs::create_dir(data.path().join("in")).unwrap();
        settings["roots"] = json!([data.path()]);
        settings["quota"] = quota;
        let node = world.node_with(settings, json!({}));
        Self { world, node, data }
    }

    async fn with(text: &str, settings: Value, quota: Value) -> Self {
        let site = Self::new(settings, quota).await;
        fs::write(site.data.path().join("in/a.txt"), text).unwrap();
        site
    }

    /// As many megabytes as it takes a while to load.
    async fn with_much(settings: Value, quota: Value) -> Self {
        let line = format!("{}\tA\n", "marker".repeat(500));
        Self::with(&line.repeat(20_000), settings, quota).await
    }

    fn destination(&self) -> PathBuf {
        self.data.path().join("out")
    }

    fn outputs(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.destination()) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    fn instruction(&self) -> Value {
        json!([{
            "table": "marker",
            "gobiiFile": {"source": self.data.path().join("in"), "destination": self.destination(),
                          "delimiter": "\\t"},
            "gobiiFileColumns": [
                {"gobiiColumnType": "CSV_COLUMN", "name": "name", "rCoord": 1, "cCoord": 0}]}])
    }

    async fn begin(&self) -> Uuid {
        let (job, mut request) = self.world.web.submit("loader", &self.instruction());
        request["job"]["tenant"] = json!("rice");
        self.node.takes(&request).await;
        job
    }

    async fn load(&self) -> (Row, Report) {
        let job = self.begin().await;
        let row = self.world.web.until_settled(job).await;
        let report = serde_json::from_str(row.report.as_deref().unwrap()).unwrap();
        (row, report)
    }
}

#[tokio::test]
async fn a_load_comes_to_the_same_wherever_it_runs() {
    for settings in modes() {
        let site = Site::with("name\nm1\nm2\n", settings, json!({})).await;
        let (row, report) = site.load().await;
        assert_eq!(row.status, JobStatus::Completed, "{}", row.message);
        let stages: Vec<_> = row.past.iter().filter(|said| said.starts_with("stage")).collect();
        assert_eq!(stages, ["stage validation", "stage digest", "stage transformation"]);
        assert!(row.past.contains(&"progress 11".to_owned()), "{:?}", row.past);
        assert_eq!(report.tables[0].rows, 2);
        let marker = fs::read_to_string(site.destination().join("digest.marker")).unwrap();
        assert_eq!(marker, "name\nm1\nm2\n");
        site.node.stop().await;
    }
}

#[tokio::test]
async fn a_load_is_previewed_alike_wherever_that_is_done() {
    for settings in modes() {
        let site = Site::with("name\nm1\n", settings, json!({})).await;
        let request = json!({"kind": "loader", "instruction": site.instruction()});
        let asked = site.node.request(reqwest::Method::POST, "/preview").json(&request);
        let seen = send(asked).await.json();
        assert_eq!(seen["fine"], true, "{seen}");
        assert_eq!(seen["report"]["tables"][0]["rows"][0]["text"], "m1");
        assert!(!site.destination().exists());
        site.node.stop().await;
    }
}

#[tokio::test]
async fn a_load_that_cannot_be_made_is_told_alike_wherever_it_runs() {
    for settings in modes() {
        let site = Site::new(settings, json!({})).await;
        let (row, report) = site.load().await;
        assert_eq!(row.status, JobStatus::Failed);
        assert!(row.message.contains("there is no file in the source"), "{}", row.message);
        assert_eq!(report.failed_in.as_deref(), Some("validation"));
        assert!(site.outputs().is_empty());
        site.node.stop().await;
    }
}

#[tokio::test]
async fn a_load_that_is_cancelled_leaves_nothing_wherever_it_runs() {
    for settings in modes() {
        let site = Site::with_much(settings, json!({})).await;
        let job = site.begin().await;
        until(|| !site.outputs().is_empty()).await;
        assert_eq!(site.node.cancel(job).await, 202);
        assert_eq!(site.world.web.until_settled(job).await.status, JobStatus::Cancelled);
        assert_eq!(site.outputs(), [""; 0]);
        site.node.stop().await;
    }
}

#[tokio::test]
async fn a_load_that_is_killed_leaves_nothing() {
    let site = Site::with_much(modes()[1].clone(), json!({})).await;
    let job = site.begin().await;
    until(|| !site.outputs().is_empty()).await;
    // A temporary name tells the process that made it.
    let name = site.outputs().remove(0);
    let pid = name.strip_prefix(".digester-").unwrap().split('-').next().unwrap();
    let pid = rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let row = site.world.web.until_settled(job).await;
    assert!(row.message.contains("signal 9"), "{}", row.message);
    assert_eq!(site.outputs(), [""; 0]);
    site.node.stop().await;
}

#[tokio::test]
async fn a_load_that_holds_more_than_its_crop_may_fails_and_leaves_nothing() {
    for settings in modes() {
        let quota = json!({"default": "1 TiB", "tenants": {"rice": "1 MiB"}});
        let site = Site::with_much(settings, quota).await;
        let (row, report) = site.load().await;
        assert_eq!(row.status, JobStatus::Failed);
        assert!(row.message.contains("of rice may hold 1.0 MiB"), "{}", row.message);
        assert!(report.findings[0].remedy.as_ref().unwrap().contains("ask the operator"));
        assert_eq!(site.outputs(), [""; 0]);
        let state = site.node.get("/regulator").await.json();
        assert_eq!(state["scratch"], json!([]), "what it held was given back");
        let metrics = site.node.get("/metrics").await.text;
        assert!(metrics.contains("digester_node_scratch_bytes 0"), "{metrics}");
        assert!(metrics.contains("digester_node_quota_refusals_total"), "{metrics}");
        site.node.stop().await;
    }
}

#[tokio::test]
async fn what_running_loads_hold_is_shown_by_crop() {
    for settings in modes() {
        let site = Site::with_much(settings, json!({"tenants": {"rice": "1 TiB"}})).await;
        let job = site.begin().await;
        let scratch = loop {
            let state = site.node.get("/regulator").await.json();
            if state["scratch"] != json!([]) {
                break state["scratch"].clone();
            }
        };
        assert_eq!(
            (&scratch[0]["tenant"], &scratch[0]["quota"]),
            (&json!("rice"), &json!(1u64 << 40))
        );
        assert!(scratch[0]["bytes"].as_u64().unwrap() > 0, "{scratch}");
        site.node.cancel(job).await;
        site.world.web.until_settled(job).await;
        site.node.stop().await;
    }
}

#[tokio::test]
async fn an_output_has_no_more_bytes_than_one_may_have() {
    for settings in modes() {
        let text = "name\nm1\nm2\n";
        for (max_file, status) in [(11, JobStatus::Completed), (10, JobStatus::Failed)] {
            let quota = json!({"max_file": max_file});
            let site = Site::with(text, settings.clone(), quota).await;
            let (row, _) = site.load().await;
            assert_eq!(row.status, status, "{}", row.message);
            assert_eq!(site.outputs().is_empty(), status == JobStatus::Failed);
            site.node.stop().await;
        }
    }
}

#[tokio::test]
async fn a_load_leads_out_of_the_roots_nowhere() {
    for settings in modes() {
        let site = Site::with("name\nm1\n", settings, json!({})).await;
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), site.destination()).unwrap();
        let (row, _) = site.load().await;
        assert!(row.message.contains("leads out of the folder"), "{}", row.message);
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        site.node.stop().await;
    }
}
