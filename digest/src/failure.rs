//! How a digest ends when it does not end well.

use std::{fmt, io, path::Path};

use schema::{Finding, Report, Severity};

use crate::Stage;

/// Why there is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Somebody asked for its end.
    Cancelled,
    /// Something is wrong with the instruction, the data or the machine.
    Failed,
}

/// A digest that was not made; nothing of it is left on disk.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Cancelled or failed.
    pub kind: FailureKind,
    /// Where it was.
    pub stage: Stage,
    /// The first error, with its place.
    pub message: String,
    /// Everything that was found.
    pub report: Box<Report>,
}

/// What ends the work at once.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The observer asked for the end.
    Cancelled,
    /// These errors.
    Failed(Vec<Finding>),
    /// There is no room for the outputs.
    DiskFull,
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Failed(vec![finding])
    }
}

/// An error without a place.
pub(crate) fn error(message: impl fmt::Display) -> Finding {
    Finding::new(Severity::Error, message.to_string())
}

/// An error of the file system.
pub(crate) fn io_error(doing: &str, path: &Path, source: &io::Error) -> Finding {
    let mut finding = error(format_args!("could not {doing} {}: {source}", path.display()));
    finding.file = Some(path.display().to_string());
    finding
}

/// How a finding reads on one line: its place first.
#[must_use]
pub(crate) fn line(finding: &Finding) -> String {
    let mut text = String::new();
    if let (Some(file), Some(line)) = (&finding.file, finding.line) {
        text = format!("{file}:{line}:");
        if let Some(column) = finding.column {
            text += &format!("{column}:");
        }
        text += " ";
    }
    text += &finding.message;
    if let Some(cell) = &finding.cell {
        text += &format!(" (cell “{cell}”)");
    }
    text
}
