//! The command under test, and where its parts are.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::Value;

/// The binary that is loaded and broken: beside the one that does it.
fn digester() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_loadtest")).with_file_name("digester");
    assert!(path.exists(), "build it first: cargo build -p cli");
    path
}

/// Runs the command; its table, and whether every promise held.
pub(crate) fn loadtest(arguments: &[&str]) -> (Value, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    command.args(arguments).arg("--json").arg("--digester").arg(digester());
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.expect("the command under test starts");
    let table = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (table, output.status.success())
}
