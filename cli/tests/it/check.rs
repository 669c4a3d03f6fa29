//! `digester check`: an instruction looked at here, or by a node.

use std::{fs, path::Path, process::Output};

use serde_json::Value;
use sqlx::PgPool;

use crate::system::{System, digester, until};

/// Small files that look real, each with its instruction.
fn sample(folder: &Path) {
    let mut command = digester();
    command.args(["sample", "--markers", "1200", "--samples", "5"]).arg(folder);
    assert!(command.status().unwrap().success());
}

fn check(folder: &Path, name: &str, more: &[&str]) -> Output {
    let mut command = digester();
    command.arg("check").arg(folder.join(name)).args(more).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_good_file_is_shown_and_a_bad_one_is_a_failure() {
    let home = tempfile::tempdir().unwrap();
    sample(home.path());
    let good = check(home.path(), "hapmap.json", &[]);
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    let text = String::from_utf8(good.stdout).unwrap();
    assert!(text.starts_with("nothing is wrong with the first 1000 lines\n"), "{text}");
    assert!(text.contains("\nmarker: 999 rows so far\n"), "{text}");
    let broken = check(home.path(), "broken.json", &[]);
    assert_eq!(broken.status.code(), Some(1), "{broken:?}");
    let text = String::from_utf8(broken.stdout).unwrap();
    assert!(text.starts_with("5 errors in all 301 lines, the first: "), "{text}");
    assert!(!home.path().join("digest").exists(), "nothing is written");
}

#[test]
fn what_is_no_instruction_is_a_failure_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("x.json"), "[\n{").unwrap();
    let output = check(home.path(), "x.json", &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(json(&output)["report"]["findings"][0]["line"], 2);
}

#[sqlx::test]
async fn a_node_shows_what_is_shown_without_it(db: PgPool) {
    let home = tempfile::tempdir().unwrap();
    sample(home.path());
    let system = System::new(&db);
    let _services = [system.start("webservice"), system.start("service")];
    system.until_live(&["node-a"]);
    let url = format!("http://127.0.0.1:{}", system.web_port());
    for (name, code) in [("hapmap.json", 0), ("vcf.json", 0), ("broken.json", 1)] {
        let here = json(&check(home.path(), name, &["--json"]));
        let there = until("a node is asked", || {
            let output = check(home.path(), name, &["--json", "--url", &url]);
            (!output.stdout.is_empty()).then_some(output)
        });
        assert_eq!(there.status.code(), Some(code), "{there:?}");
        let there = json(&there);
        assert_eq!(there["report"], here["report"], "{name}");
        assert_eq!((&there["message"], &there["node"]), (&here["message"], &"node-a".into()));
    }
    assert_eq!(system.ask(&["jobs"]).unwrap()["items"], serde_json::json!([]));
}
