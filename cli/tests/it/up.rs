//! `digester up`, on a private database.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::system::{Process, digester};

/// Starts it on free ports, and returns where the web service listens.
fn up(folder: &Path) -> (Process, String) {
    let mut command = digester();
    command.arg("up").arg("--data").arg(folder);
    command.args(["--webservice", "127.0.0.1:0", "--digester", "127.0.0.1:0"]);
    let mut process = Process(command.stdout(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(process.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address =
        lines.filter_map(|line| Some(line.split_once("web service")?.1.trim().to_owned()));
    let address = { address }.next().expect("it says where it listens");
    (process, address)
}

fn ask(address: &str, arguments: &[&str]) -> Value {
    let output = digester()
        .args(arguments)
        .args(["--json", "--server", address])
        .env("RUST_LOG", "off")
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn it_stops_cleanly_and_remembers_everything_after_its_restart() {
    let folder = tempfile::tempdir().unwrap();
    let order = folder.path().join("order.json");
    fs::write(&order, r#"{"milliseconds": 1}"#).unwrap();

    let (mut process, address) = up(folder.path());
    let order = order.display().to_string();
    let job = ask(&address, &["submit", &order, "--kind", "sleep", "--watch"]);
    assert_eq!(job["status"], "completed");
    process.terminate();
    assert!(process.0.wait().unwrap().success());
    let pid_file = folder.path().join("postgres/data/postmaster.pid");
    assert!(!pid_file.exists(), "the private database is stopped");

    let (mut process, address) = up(folder.path());
    let again = ask(&address, &["show", job["id"].as_str().unwrap()]);
    assert_eq!(again["job"]["status"], "completed");
    assert_eq!(again["job"]["key"], job["key"]);
    process.terminate();
    assert!(process.0.wait().unwrap().success());
}

#[test]
fn a_second_one_in_the_same_folder_is_refused_and_leaves_the_first_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (mut process, address) = up(folder.path());
    let second = digester()
        .args(["up", "--webservice", "127.0.0.1:0", "--digester", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("up already"), "{said}");
    assert_eq!(ask(&address, &["jobs"])["items"], serde_json::json!([]));
    process.terminate();
    assert!(process.0.wait().unwrap().success());
}

#[test]
fn a_known_password_is_not_offered_to_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_digester"))
        .args(["up", "--dev", "--webservice", "0.0.0.0:0", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("loopback"), "{said}");
}
