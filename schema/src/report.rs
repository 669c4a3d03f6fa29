//! What a settled job leaves behind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was read, written and found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// The tables that were made, in the order of the instruction.
    #[serde(default)]
    pub tables: Vec<TableReport>,
    /// The files that were written.
    #[serde(default)]
    pub files: Vec<OutputFile>,
    /// What a person should know, the gravest first, then by place.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// The stage in which it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_in: Option<String>,
    /// Bytes read.
    #[serde(default)]
    pub bytes_read: u64,
    /// How long it took, in milliseconds.
    #[serde(default)]
    pub duration_ms: u64,
    /// How long each stage took, in order.
    #[serde(default)]
    pub stages: Vec<StageTime>,
    /// What the matrix holds, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<MatrixReport>,
}

/// How long a stage took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StageTime {
    /// The stage's word.
    pub stage: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What a matrix holds, over all its calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatrixReport {
    /// How calls are written: `NUCLEOTIDE_2_LETTER`, …
    pub data_set_type: String,
    /// How many markers.
    pub markers: u64,
    /// How many samples.
    pub samples: u64,
    /// The part of the calls that is missing.
    pub missing_rate: f64,
    /// The part of the calls that are not missing and have two different alleles; only for types
    /// that tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heterozygosity: Option<f64>,
    /// How often each call was made, as written in the digest; not for allele sizes.
    #[serde(default)]
    pub calls: BTreeMap<String, u64>,
}

/// One table: what went in, and what came out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TableReport {
    /// The table's name.
    pub table: String,
    /// Rows made of the input, before duplicates were left out.
    #[serde(default)]
    pub rows_in: u64,
    /// Rows written, the header not counted.
    pub rows: u64,
    /// Rows left out because an equal one came before.
    #[serde(default)]
    pub duplicates: u64,
}

/// One file that was written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OutputFile {
    /// Where it is.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The job failed for it.
    Error,
    /// Tolerated, and worth knowing.
    Warning,
}

/// Something found, and where: file, line, column and cell as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// What is wrong, for people.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The table concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The file it was found in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in the file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The column (the cell in its line), from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// The cell's text, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// The cell among its neighbours, or where there should be one; else how the line begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Box<Excerpt>>,
    /// The marker the cell belongs to, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    /// The sample the cell belongs to, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// How often it was found, this place being the first.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub count: u64,
}

/// A part of a line as it stands in its file, tabs and all: at most 200 bytes of it, of which those
/// that are no text are shown as `U+FFFD`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Excerpt {
    /// What stands in front of the cell.
    pub before: String,
    /// The cell, or its beginning; empty where it is missing or no cell is concerned.
    pub cell: String,
    /// What stands behind the cell.
    pub after: String,
    /// Whether the line begins further left.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cut_before: bool,
    /// Whether the line goes on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cut_after: bool,
}

impl Finding {
    /// A finding without a place.
    #[must_use]
    pub fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            message: message.into(),
            remedy: None,
            table: None,
            file: None,
            line: None,
            column: None,
            cell: None,
            excerpt: None,
            marker: None,
            sample: None,
            count: 1,
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The same with the table concerned.
    #[must_use]
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn once() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_once(count: &u64) -> bool {
    *count == 1
}
