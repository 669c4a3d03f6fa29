//! Digests in processes of their own: as in the service where all is well, and alone where it is not.

use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use regulator::Strategy;
use schema::{JobStatus, Report};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    rogue::{ASKED_MEMORY, Deed},
    web::Row,
    world::{GUARD, Node, World, send, until},
};

/// A node whose digests run apart, and a folder that they may use.
struct Apart {
    world: World,
    node: Node,
    data: TempDir,
}

impl Apart {
    async fn new(sandbox: Value) -> Self {
        Self::with(sandbox, json!({})).await
    }

    async fn with(sandbox: Value, quota: Value) -> Self {
        Self::set(json!({"sandbox": sandbox, "quota": quota})).await
    }

    async fn set(mut settings: Value) -> Self {
        let (world, data) = (World::new().await, tempfile::tempdir().unwrap());
        settings["roots"] = json!([data.path()]);
        let node = world.node_with(settings, json!({}));
        Self { world, node, data }
    }

    async fn begin(&self, deed: &Deed) -> Uuid {
        let (job, request) = self.world.web.submit("rogue", &serde_json::to_value(deed).unwrap());
        self.node.takes(&request).await;
        job
    }

    async fn end_of(&self, deed: Deed) -> Row {
        let job = self.begin(&deed).await;
        self.world.web.until_settled(job).await
    }

    /// How the system answered.
    async fn answer(&self, deed: Deed) -> String {
        let row = self.end_of(deed).await;
        assert_eq!(row.status, JobStatus::Completed, "{}", row.message);
        row.message
    }

    /// The process that a job runs in.
    async fn process(&self, job: Uuid) -> PathBuf {
        let row = self.world.web.until(job, |row| process(row).is_some()).await;
        process(&row).unwrap()
    }

    /// A failure, with what its report says.
    async fn failure(&self, deed: Deed) -> String {
        let row = self.end_of(deed).await;
        assert_eq!(row.status, JobStatus::Failed, "{}", row.message);
        let report: Report = serde_json::from_str(&row.report.unwrap()).unwrap();
        assert_eq!(report.findings[0].message, row.message);
        assert!(report.findings[0].remedy.is_some());
        row.message
    }

    async fn stop(self) {
        // Whatever became of a digest, the next one is none the worse for it.
        let file = self.data.path().join("file");
        fs::write(&file, "fine").unwrap();
        assert_eq!(self.answer(Deed::Read(file)).await, "\"fine\"");
        self.node.stop().await;
    }
}

/// The process that a job said it runs in.
fn process(row: &Row) -> Option<PathBuf> {
    let pid = row.past.iter().find_map(|said| said.strip_prefix("stage process "))?;
    Some(Path::new("/proc").join(pid))
}

fn kill(process: &Path) {
    let pid = process.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Another process of the same user, which ends with the test.
struct Bystander(Child);

impl Bystander {
    fn new() -> Self {
        Self(Command::new("sleep").arg("60").process_group(0).spawn().unwrap())
    }

    fn id(&self) -> i32 {
        self.0.id().try_into().unwrap()
    }

    fn lives(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill(); // It may have ended.
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_digest_that_aborts_fails_its_job_alone() {
    let apart = Apart::new(json!({})).await;
    let why = apart.failure(Deed::Abort).await;
    assert!(why.contains("signal 6 (SIGABRT)"), "{why}");
    apart.stop().await;
}

#[tokio::test]
async fn a_digest_that_is_killed_fails_its_job_alone_and_leaves_no_process() {
    let apart = Apart::new(json!({})).await;
    let job = apart.begin(&Deed::Wait).await;
    let process = apart.process(job).await;
    assert!(process.exists());
    kill(&process);
    let row = apart.world.web.until_settled(job).await;
    assert_eq!(row.status, JobStatus::Failed);
    assert!(row.message.contains("signal 9 (SIGKILL)"), "{}", row.message);
    assert!(!process.exists(), "not even a zombie");
    apart.stop().await;
}

#[tokio::test]
async fn a_digest_that_wants_more_memory_than_it_may_have_is_told_so() {
    let apart = Apart::new(json!({"memory": "256 MiB"})).await;
    let why = apart.failure(Deed::Devour).await;
    assert!(why.contains("ran out of memory at its limit of 256.0 MiB"), "{why}");
    apart.stop().await;
}

#[tokio::test]
async fn the_regulator_learns_which_digests_run_out_of_memory() {
    let strategy = "learned = {}
        gates = [{ resources = { memory = 1000 } }]";
    let strategy = Strategy::from_toml(strategy).unwrap();
    let settings = json!({"sandbox": {"memory": "256 MiB"}, "regulator": strategy});
    let apart = Apart::set(settings).await;
    for booked in [ASKED_MEMORY, 2 * ASKED_MEMORY] {
        let job = apart.begin(&Deed::Wait).await;
        apart.process(job).await;
        assert_eq!(apart.node.get("/regulator").await.json()["used"]["memory"], booked);
        assert_eq!(apart.node.cancel(job).await, 202);
        apart.world.web.until_settled(job).await;
        apart.failure(Deed::Devour).await;
    }
    apart.stop().await;
}

#[tokio::test]
async fn a_file_that_grows_beyond_its_limit_ends_its_digest() {
    let apart =
        Apart::with(json!({"memory": "256 MiB", "landlock": "off"}), json!({"max_file": "1 KiB"}));
    let apart = apart.await;
    let path = apart.data.path().join("large");
    fs::write(&path, "").unwrap();
    let at_the_end = fs::OpenOptions::new().write(true).open(&path).unwrap();
    at_the_end.set_len(256 << 20).unwrap();
    let why = apart.failure(Deed::Append(path)).await;
    assert!(why.contains("a larger file than it may"), "{why}");
    apart.stop().await;
}

#[tokio::test]
async fn a_digest_reads_under_the_roots_alone_and_writes_nowhere_else() {
    let apart = Apart::new(json!({"landlock": "require"})).await;
    let inside = apart.data.path().join("inside");
    fs::write(&inside, "rows").unwrap();
    assert_eq!(apart.answer(Deed::Read(inside.clone())).await, "\"rows\"");
    assert_eq!(apart.answer(Deed::List(apart.data.path().to_owned())).await, "1");
    let state = apart.world.state.path();
    for deed in [
        Deed::Read("/etc/hostname".into()),
        Deed::Read("/proc/self/environ".into()),
        Deed::Read(state.join("lock")),
        Deed::List("/".into()),
        Deed::Write(state.join("new")),
        Deed::Write(inside.clone()),
        Deed::Write(apart.data.path().join("new")),
        Deed::Remove(inside.clone()),
    ] {
        let said = format!("{deed:?}");
        assert_eq!(apart.answer(deed).await, "PermissionDenied", "{said}");
    }
    apart.stop().await;
}

#[tokio::test]
async fn a_digest_speaks_to_nobody_and_inherits_no_secret() {
    let apart = Apart::new(json!({"landlock": "require", "seccomp": "off"})).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    assert_eq!(apart.answer(Deed::Connect(address)).await, "PermissionDenied");
    assert_eq!(apart.answer(Deed::Environment).await, "[]");
    apart.stop().await;
}

#[tokio::test]
async fn a_digest_that_is_cancelled_stops_by_itself_or_is_ended() {
    let apart = Apart::new(json!({})).await;
    for deed in [Deed::Wait, Deed::Linger] {
        let job = apart.begin(&deed).await;
        let process = apart.process(job).await;
        assert_eq!(apart.node.cancel(job).await, 202);
        let row = apart.world.web.until_settled(job).await;
        assert_eq!(row.status, JobStatus::Cancelled, "{deed:?}");
        until(|| !process.exists()).await;
    }
    apart.stop().await;
}

#[tokio::test]
async fn a_digest_that_cannot_be_understood_is_ended() {
    let apart = Apart::new(json!({})).await;
    let why = apart.failure(Deed::Babble).await;
    assert!(why.contains("more is said than may be"), "{why}");
    apart.stop().await;
}

#[tokio::test]
async fn a_look_that_aborts_is_told_and_the_node_looks_on() {
    let apart = Apart::new(json!({})).await;
    let looked = async |kind: &str, instruction: Value| {
        let request = json!({"kind": kind, "instruction": instruction});
        let asked = apart.node.request(reqwest::Method::POST, "/preview").json(&request);
        send(asked).await.json()
    };
    let seen = looked("rogue", json!("abort")).await;
    assert_eq!(seen["fine"], false);
    assert!(seen["message"].as_str().unwrap().contains("signal 6 (SIGABRT)"), "{seen}");
    let seen = looked("sleep", json!({"milliseconds": 5})).await;
    assert_eq!(seen["message"], "would sleep 5 ms");
    apart.stop().await;
}

/// What no digest has a use for, and any process of its user can do beside another one, which it ends
/// at last.
fn deeds_beside(other: &Bystander) -> [Deed; 10] {
    [
        Deed::Receive,
        Deed::Pair,
        Deed::Execute("/bin/true".into()),
        Deed::Limit(other.id()),
        Deed::Pin(other.id()),
        Deed::Slow(other.id()),
        Deed::Desert(other.id()),
        Deed::Outlive,
        Deed::Hide,
        Deed::Kill(other.id()),
    ]
}

#[tokio::test]
async fn a_digest_is_refused_what_none_has_a_use_for() {
    // Without Landlock, which keeps from some of it, too.
    let apart = Apart::new(json!({"landlock": "off"})).await;
    let here = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = apart.data.path().join("secret");
    fs::write(&file, "hush").unwrap();
    let mut other = Bystander::new();
    let more = [Deed::Connect(here.to_string()), Deed::ChangeRoot("/".into()), Deed::Open(file)];
    for deed in deeds_beside(&other).into_iter().chain(more) {
        let what = format!("{deed:?}");
        assert_eq!(apart.answer(deed).await, "PermissionDenied", "{what}");
    }
    assert!(other.lives());
    assert_eq!(apart.answer(Deed::Threads).await, "6");
    apart.stop().await;
}

#[tokio::test]
async fn a_digest_that_holds_more_of_the_disk_than_it_says_is_ended() {
    let apart = Apart::with(json!({}), json!({"default": "1 MiB"})).await;
    for (name, is_named) in [("named", true), ("unnamed", false)] {
        let path = apart.data.path().join(name);
        let deed = Deed::Hoard { path, bytes: 2 << 20, is_named };
        let job = apart.begin(&deed).await;
        let process = apart.process(job).await;
        let row = apart.world.web.until_settled(job).await;
        assert_eq!(row.status, JobStatus::Failed, "{}", row.message);
        assert!(row.message.contains("may hold 1.0 MiB of the disk"), "{}", row.message);
        assert!(!process.exists());
    }
    let path = apart.data.path().join("grabbed");
    let why = apart.failure(Deed::Grab { path, bytes: 2 << 20 }).await;
    assert!(why.contains("may hold 1.0 MiB of the disk"), "one that is quick: {why}");
    let path = apart.data.path().join("left");
    let why = apart.failure(Deed::Leave { path, bytes: 2 << 20 }).await;
    assert!(why.contains("may hold 1.0 MiB of the disk"), "one that asks for nothing: {why}");
    apart.stop().await;
}

#[tokio::test]
async fn what_a_digest_holds_without_a_word_counts_as_held() {
    let apart = Apart::with(json!({}), json!({"default": "1 MiB"})).await;
    let path = apart.data.path().join("hoard");
    let deed = Deed::Hoard { path: path.clone(), bytes: 1 << 19, is_named: true };
    let job = apart.begin(&deed).await;
    let held = async || apart.node.get("/regulator").await.json()["scratch"][0]["bytes"].clone();
    let look = async {
        while held().await != json!(1 << 19) {
            tokio::task::yield_now().await;
        }
    };
    timeout(GUARD, look).await.expect("what it holds is seen");
    assert_eq!(apart.node.cancel(job).await, 202);
    apart.world.web.until_settled(job).await;
    assert_eq!(apart.answer(Deed::Grab { path, bytes: 1 << 19 }).await, "true");
    apart.stop().await;
}

#[tokio::test]
async fn a_digest_whose_calls_nobody_refuses_can_do_what_its_user_can() {
    let apart = Apart::new(json!({"landlock": "off", "seccomp": "off"})).await;
    let other = Bystander::new();
    for deed in deeds_beside(&other) {
        let what = format!("{deed:?}");
        assert_eq!(apart.answer(deed).await, "()", "{what}");
    }
    apart.stop().await;
}

#[tokio::test]
async fn a_digest_runs_as_whom_it_is_told_to() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let apart = Apart::new(json!({"run_as": {"uid": 65534, "gid": 65534}})).await;
    let secret = apart.data.path().join("secret");
    fs::write(&secret, "hush").unwrap();
    let open = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs::set_permissions(apart.data.path(), open(0o755)).unwrap();
    fs::set_permissions(&secret, open(0o600)).unwrap();
    assert_eq!(apart.answer(Deed::Read(secret)).await, "PermissionDenied");
    apart.stop().await;
}
