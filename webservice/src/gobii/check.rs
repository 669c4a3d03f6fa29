//! What is checked of an instruction before it is accepted. Everything that is wrong is said.

use std::path::{Path, PathBuf};

use schema::gobii::{Dialect, LoaderInstruction, Table};

use super::{error::Message, roots::Roots, words};
use crate::KindCheck;

/// Checks the paths of a loader instruction: given, under one of the roots whatever links and dots
/// they lead through, and there if the instruction says so. The error tells all that is wrong.
pub fn check_loader(body: &str, roots: &[PathBuf]) -> Result<(), String> {
    let instruction = LoaderInstruction::parse(body).map_err(|error| error.to_string())?;
    let findings = paths(&instruction, &Roots::new(roots));
    if findings.is_empty() {
        return Ok(());
    }
    Err(findings.iter().map(Message::text).collect::<Vec<_>>().join("; "))
}

/// Checks instructions of kind `loader` that come by the plain API.
pub struct LoaderCheck {
    roots: Vec<PathBuf>,
}

impl LoaderCheck {
    /// Lets instructions read from and write to these folders; none means any.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>) -> Self {
        let anywhere = || vec![PathBuf::from("/")];
        Self { roots: if roots.is_empty() { anywhere() } else { roots } }
    }
}

impl KindCheck for LoaderCheck {
    fn check(&self, body: &str) -> Result<(), String> {
        check_loader(body, &self.roots)
    }
}

/// What is wrong with an instruction's paths.
pub(super) fn paths(instruction: &LoaderInstruction, roots: &Roots) -> Vec<Message> {
    let indexed = instruction.dialect == Dialect::A;
    let mut findings = Vec::new();
    for (i, table) in instruction.tables.iter().enumerate() {
        let of = if indexed { format!("at index {i} ") } else { String::new() };
        for finding in paths_of(table, &of, roots) {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

fn paths_of(table: &Table, of: &str, roots: &Roots) -> Vec<Message> {
    let file = &table.file;
    let missing = |what| {
        let text = format!("The file associated with instruction {of}is missing the {what} path");
        Message::missing(text)
    };
    let given = |path: &Option<String>| path.clone().filter(|path| !path.is_empty());
    let mut findings = Vec::new();
    match given(&file.source) {
        None => findings.push(missing("source file")),
        Some(source) if roots.resolve(Path::new(&source)).is_none() => {
            findings.push(outside("source", &source));
        }
        Some(source) if !Path::new(&source).exists() => {
            if file.require_directories_to_exist {
                findings.push(required("source", &source));
            }
            if !file.create_source {
                findings.push(Message::not_there(format!(
                    "The load file was specified to exist, but does not exist: {source}"
                )));
            }
        }
        Some(_) => {}
    }
    match given(&file.destination) {
        None => findings.push(missing("destination file")),
        Some(destination) if roots.resolve(Path::new(&destination)).is_none() => {
            findings.push(outside("destination", &destination));
        }
        Some(destination) => {
            if file.require_directories_to_exist && !Path::new(&destination).exists() {
                findings.push(required("destination", &destination));
            }
        }
    }
    findings
}

fn outside(what: &str, path: &str) -> Message {
    Message::bad_request(format!(
        "The {what} path does not lie under the directories that this server may use: {path}"
    ))
}

fn required(what: &str, path: &str) -> Message {
    Message::not_there(format!(
        "require-to-exist was set to true, but the {what} file path does not exist: {path}"
    ))
}

/// What a job needs to be told, and only the later dialects tell.
pub(super) fn job(instruction: &LoaderInstruction, name: &str) -> Vec<Message> {
    let metadata = instruction.metadata();
    if instruction.dialect == Dialect::A {
        return Vec::new();
    }
    let mut findings = Vec::new();
    match metadata.payload_type.as_deref().filter(|payload| !payload.is_empty()) {
        None => {
            findings.push(Message::error("The primary instruction does not have a payload type"))
        }
        Some(payload) if words::payload_named(payload).is_none() => {
            let text = format!("The primary instruction has an unknown payload type: {payload}");
            findings.push(Message::bad_request(text));
        }
        Some(_) => {}
    }
    let positive = |id: Option<i64>| id.is_some_and(|id| id > 0);
    let dataset = words::dataset(metadata);
    if words::payload(instruction) == words::MATRIX && !positive(dataset) {
        findings.push(Message::error(format!(
            "The specified job has payload type MATRIX, but no dataset ID: {name}"
        )));
    }
    if !positive(metadata.contact_id) {
        findings
            .push(Message::error(format!("The specified job does not have a contact ID: {name}")));
    }
    findings
}
