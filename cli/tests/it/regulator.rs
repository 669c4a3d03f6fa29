//! `digester regulator`, as a program sees it.

use std::{fs, path::Path, process::Output};

use schema::JobStatus;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::system::{System, digester};

fn regulator(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = digester();
    command.current_dir(folder).arg("regulator").args(arguments).output().unwrap()
}

/// A folder with a trace of fifty jobs and two strategies.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("one.toml", "gates = [{ fixed = { at_once = 1 } }]");
    write("four.json", r#"{"gates": [{"fixed": {"at_once": 4}}]}"#);
    write("wrong.toml", "rank = \"fifo\"\ngates = [\n  { fixd = { at_once = 1 } },\n]");
    let made = regulator(folder.path(), &["generate", "--jobs", "50", "--out", "trace.csv"]);
    assert!(made.status.success());
    folder
}

#[test]
fn strategies_are_compared_in_json_and_on_a_page() {
    let folder = folder();
    let compare = ["simulate", "--trace", "trace.csv", "--strategy", "one.toml"];
    let more = ["--strategy", "four.json", "--json", "--html", "page.html"];
    let output = regulator(folder.path(), &[&compare[..], &more[..]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let reports: Value = serde_json::from_slice(&output.stdout).unwrap();
    let [one, four] = reports.as_array().unwrap().as_slice() else { panic!("{reports}") };
    assert_eq!((&one["name"], &four["name"]), (&"one".into(), &"four".into()));
    for report in [one, four] {
        assert_eq!((&report["jobs"], &report["completed"]), (&50.into(), &50.into()));
        for number in ["p50", "p95", "p99", "mean", "max"] {
            assert!(report["wait_s"][number].is_f64(), "{number}: {report}");
            assert!(report["slowdown"][number].as_f64().unwrap() >= 1.0, "{number}: {report}");
        }
        assert!(report["makespan_s"].as_f64().unwrap() > 0.0);
        let used = report["utilisation"]["slots"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&used), "{used}");
        let jain = report["jain_tenants"].as_f64().unwrap();
        assert!((0.25..=1.0).contains(&jain), "four tenants: {jain}");
        assert!(report["tenants"].as_array().unwrap().iter().any(|group| group["name"] == "maize"));
    }
    let wait = |report: &Value| report["wait_s"]["mean"].as_f64().unwrap();
    assert!(wait(one) > wait(four), "four slots make for shorter waits than one");
    let page = fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("<h2>four</h2>"));
}

#[test]
fn a_wrong_strategy_is_refused_with_its_line_before_anything_is_simulated() {
    let folder = folder();
    let output = regulator(
        folder.path(),
        &["simulate", "--trace", "trace.csv", "--strategy", "one.toml", "--strategy", "wrong.toml"],
    );
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    for word in ["wrong.toml", "line 3", "`fixd`", "`fixed`, `resources`, `keyed`"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(output.stdout.is_empty());
}

#[sqlx::test]
async fn exported_jobs_of_one_key_wait_for_each_other_where_keys_are_heeded(db: PgPool) {
    let system = System::new(&db);
    let (_web, _node) = (system.start("webservice"), system.start("service"));
    let jobs = ["plot 7", "plot 7", "plot 8"]
        .map(|key| system.submit_order(&json!({"milliseconds": 100, "exclusive": key})));
    for job in &jobs {
        system.until_status(job, JobStatus::Completed);
    }
    let exported = system.client_plain(&["regulator", "trace"]).stdout;

    let mut trace = ::regulator::sim::read(&*exported).unwrap();
    let keys: Vec<_> = trace.iter().map(|job| job.key.as_deref().unwrap()).collect();
    assert_eq!(keys, ["plot 7", "plot 7", "plot 8"]);
    assert!(trace.iter().all(|job| job.size == 100), "{trace:?}");
    // However slowly they came one after the other: now they come at once.
    trace.iter_mut().for_each(|job| job.submitted = ::regulator::Moment::ZERO);
    assert_eq!(longest_wait(&trace, "{ fixed = { at_once = 3 } }"), 0.0);
    assert!(longest_wait(&trace, "{ fixed = { at_once = 3 } }, { keyed = {} }") > 0.0);
}

/// For how many seconds a job of the trace waits at most under these gates.
fn longest_wait(trace: &[::regulator::sim::TraceJob], gates: &str) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gates.toml"), format!("gates = [{gates}]")).unwrap();
    let file = fs::File::create(folder.path().join("trace.csv")).unwrap();
    ::regulator::sim::write(trace, file).unwrap();
    let simulate = ["simulate", "--trace", "trace.csv", "--strategy", "gates.toml", "--json"];
    let output = regulator(folder.path(), &simulate);
    let reports: Value = serde_json::from_slice(&output.stdout).unwrap();
    reports[0]["wait_s"]["max"].as_f64().unwrap()
}
