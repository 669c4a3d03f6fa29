//! What people and scripts see of a job while it goes on.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Output, Stdio},
};

use schema::{JobEvent, JobStatus};
use serde_json::json;
use sqlx::PgPool;

use crate::system::{System, digester};

fn text(output: &Output) -> String {
    assert!(output.stderr.is_empty() || output.stderr.is_ascii(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[sqlx::test]
async fn jobs_are_watched_together_and_succeed_if_all_do(db: PgPool) {
    let system = System::new(&db);
    let _services = [system.start("webservice"), system.start("service")];
    let good = system.submit_sleep(1);
    let bad = system.submit_order(&json!({"fail": "no such luck"}));
    let output = system.client_plain(&["watch", &good, &bad]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let seen = text(&output);
    assert!(seen.contains(&format!("job {good} completed: woke up")), "{seen}");
    assert!(seen.contains(&format!("job {bad} failed: no such luck")), "{seen}");
    assert!(!seen.contains('\u{1b}'), "no colours where nobody sees them: {seen:?}");
    assert_eq!(system.client_plain(&["watch", &good]).status.code(), Some(0));
    let logged = text(&system.client_plain(&["logs", &bad]));
    assert!(logged.lines().last().unwrap().ends_with("failed     no such luck"), "{logged}");
}

#[sqlx::test]
async fn a_followed_history_goes_on_through_a_restart_of_the_web_service(db: PgPool) {
    let system = System::new(&db);
    let mut web = system.start("webservice");
    let _node = system.start("service");
    let id = system.submit_sleep(3000);
    system.until_status(&id, JobStatus::Running);
    let mut follower = digester();
    follower.args(["events", &id, "--follow", "--json"]).stdout(Stdio::piped());
    follower.env("DIGESTER_URL", format!("http://127.0.0.1:{}", system.web_port()));
    let mut follower = follower.spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let first: JobEvent = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first.status, JobStatus::Submitted);
    web.terminate();
    web.0.wait().unwrap();
    let _web = system.start("webservice");
    let events: Vec<JobEvent> =
        lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert!(follower.wait().unwrap().success());
    assert_eq!(events.last().unwrap().status, JobStatus::Completed);
    assert!(events.is_sorted_by(|one, next| one.id < next.id), "each once, in order: {events:?}");
}

#[test]
fn every_command_has_a_manual_page_and_is_completed() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("man1");
    assert!(digester().arg("man").arg(&folder).status().unwrap().success());
    let page = fs::read_to_string(folder.join("digester-check.1")).unwrap();
    assert!(page.contains("without executing it"), "{page}");
    assert!(folder.join("digester-regulator-set.1").exists());
    for shell in ["bash", "zsh", "fish"] {
        let output = digester().args(["completions", shell]).output().unwrap();
        assert!(String::from_utf8(output.stdout).unwrap().contains("simulate"), "{shell}");
    }
}
