//! What is checked of an instruction before it is accepted. Everything that is wrong is said.

use std::path::{Path, PathBuf};

use roots::Roots;
use schema::{
    Job,
    gobii::{Dialect, LoaderInstruction, Metadata, Table, Unreadable},
};

use super::{error::Message, letter, mapping, words};
use crate::{KindCheck, Mapping, Refusal, notify::Letter};

/// Checks the paths of a loader instruction: given, under one of the roots whatever links and dots
/// they lead through, and there if the instruction says so. The error tells all that is wrong.
pub fn check_loader(body: &str, roots: &[PathBuf]) -> Result<(), Refusal> {
    let instruction = LoaderInstruction::parse(body).map_err(unreadable)?;
    let roots = Roots::open(roots)
        .map_err(|error| format!("the folders of this server cannot be had: {error}"))?;
    let findings = paths(&instruction, &roots);
    if findings.is_empty() {
        return Ok(());
    }
    Err(findings.iter().map(Message::text).collect::<Vec<_>>().join("; ").into())
}

fn unreadable(error: Unreadable) -> Refusal {
    let (line, column) = (Some(error.line), Some(error.column));
    Refusal { message: error.to_string(), line, column }
}

/// Checks instructions of kind `loader` that come by the plain API.
pub struct LoaderCheck {
    roots: Vec<PathBuf>,
}

impl LoaderCheck {
    /// Lets instructions read from and write to these folders; none means any.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self { roots }
    }
}

impl KindCheck for LoaderCheck {
    fn check(&self, body: &str) -> Result<(), Refusal> {
        check_loader(body, &self.roots)
    }

    fn mapping(&self, body: &str) -> Option<Mapping> {
        mapping::of(body)
    }

    fn letter(&self, job: &Job, instruction: &str) -> Option<Letter> {
        Some(letter::of(job, &LoaderInstruction::parse(instruction).ok()?))
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
    let source = place("source", file.source.as_deref(), of, roots);
    let destination = place("destination", file.destination.as_deref(), of, roots);
    let mut findings = Vec::new();
    for (what, place) in [("source", &source), ("destination", &destination)] {
        match place {
            Err(finding) => findings.push(finding.clone()),
            Ok(path) if file.require_directories_to_exist && !path.exists() => {
                findings.push(required(what, path));
            }
            Ok(_) => {}
        }
    }
    if let (Ok(source), false) = (source, file.create_source)
        && !source.exists()
    {
        findings.push(absent(source));
    }
    findings
}

/// A path that is given, and lies under one of the roots.
fn place<'a>(
    what: &str,
    path: Option<&'a str>,
    of: &str,
    roots: &Roots,
) -> Result<&'a Path, Message> {
    let Some(path) = path.filter(|path| !path.is_empty()).map(Path::new) else {
        return Err(Message::missing(format!(
            "The file associated with instruction {of}is missing the {what} file path"
        )));
    };
    match roots.allow(path) {
        Ok(()) if path.is_absolute() => Ok(path),
        _ => Err(outside(what, path)),
    }
}

fn outside(what: &str, path: &Path) -> Message {
    let path = path.display();
    Message::bad_request(format!(
        "The {what} path does not lie under the directories that this server may use: {path}"
    ))
}

fn required(what: &str, path: &Path) -> Message {
    let path = path.display();
    Message::not_there(format!(
        "require-to-exist was set to true, but the {what} file path does not exist: {path}"
    ))
}

fn absent(source: &Path) -> Message {
    let source = source.display();
    Message::not_there(format!(
        "The load file was specified to exist, but does not exist: {source}"
    ))
}

/// What a job needs to be told, and only the later dialects tell.
pub(super) fn job(instruction: &LoaderInstruction, name: &str) -> Vec<Message> {
    if instruction.dialect == Dialect::A {
        return Vec::new();
    }
    let metadata = instruction.metadata();
    let given = |id: Option<i64>| id.is_some_and(|id| id > 0);
    let mut findings = Vec::from_iter(payload(metadata));
    if words::payload(instruction) == words::MATRIX && !given(words::dataset(metadata)) {
        let text = "The specified job has payload type MATRIX, but no dataset ID";
        findings.push(Message::error(format!("{text}: {name}")));
    }
    if !given(metadata.contact_id) {
        let text = "The specified job does not have a contact ID";
        findings.push(Message::error(format!("{text}: {name}")));
    }
    findings
}

/// What is wrong with the payload type.
fn payload(metadata: &Metadata) -> Option<Message> {
    match metadata.payload_type.as_deref().unwrap_or_default() {
        "" => Some(Message::error("The primary instruction does not have a payload type")),
        known if words::payload_named(known).is_some() => None,
        other => {
            let text = "The primary instruction has an unknown payload type";
            Some(Message::bad_request(format!("{text}: {other}")))
        }
    }
}
