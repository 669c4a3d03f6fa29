//! What would become of an instruction: looked at, and nothing done.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use crate::{Finding, Kind, NodeId, Severity};

/// An instruction that a digester service is to look at.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// Which digester would execute it.
    pub kind: Kind,
    /// The order itself.
    #[schema(value_type = Value)]
    pub instruction: Box<RawValue>,
}

/// What would become of an instruction if it were accepted now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// Whether nothing was found that it would fail for. Not everything was looked at.
    pub fine: bool,
    /// The same in words, for people.
    pub message: String,
    /// The node that looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// What would be written and what is wrong, in the words of the kind: of `loader`, a
    /// `PreviewReport`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::PreviewReport>)]
    pub report: Option<Box<RawValue>>,
}

/// The beginning of every table, as it would be written, and what was found so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PreviewReport {
    /// The tables that would be made, in the order of the instruction.
    #[serde(default)]
    pub tables: Vec<TablePreview>,
    /// What a person should know, the gravest first, then by place.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// The stage in which it would fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_in: Option<String>,
    /// How many files there are to read.
    pub files: u64,
    /// How many of them were looked into.
    pub files_seen: u64,
    /// How many lines were read.
    pub lines: u64,
    /// Whether these were all lines of all files: then nothing else can be wrong with them.
    pub whole: bool,
}

impl PreviewReport {
    /// In words.
    fn summary(&self) -> String {
        let found = self.findings.iter();
        let errors = found.filter(|found| found.severity == Severity::Error).count();
        let lines = match (self.whole, self.lines) {
            (_, 0) => "the instruction".to_owned(),
            (true, lines) => format!("all {lines} lines"),
            (false, lines) => format!("the first {lines} lines"),
        };
        match (errors, self.findings.first()) {
            (0, _) | (_, None) => format!("nothing is wrong with {lines}"),
            (1, Some(first)) => format!("an error in {lines}: {}", first.message),
            (_, Some(first)) => format!("{errors} errors in {lines}, the first: {}", first.message),
        }
    }
}

impl From<PreviewReport> for Preview {
    fn from(report: PreviewReport) -> Self {
        Self {
            fine: report.failed_in.is_none(),
            message: report.summary(),
            node: None,
            report: Some(to_raw_value(&report).expect("a report has only text and numbers")),
        }
    }
}

/// The beginning of one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TablePreview {
    /// The table's name.
    pub table: String,
    /// Its first line; a matrix has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<PreviewRow>,
    /// Its first rows.
    pub rows: Vec<PreviewRow>,
    /// How many rows the lines that were read make.
    pub made: u64,
}

/// A row, with tabs between its cells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PreviewRow {
    /// The row, or its beginning.
    pub text: String,
    /// Whether the row goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_in_a_sentence_what_was_found_and_where_was_looked() {
        let fine = PreviewReport { lines: 7, whole: true, ..PreviewReport::default() };
        let error = |text: &str| Finding::new(Severity::Error, text);
        let warned = PreviewReport {
            findings: vec![Finding::new(Severity::Warning, "odd")],
            whole: false,
            ..fine.clone()
        };
        let failed_in = Some("digest".to_owned());
        let one = PreviewReport {
            findings: vec![error("no call")],
            failed_in: failed_in.clone(),
            ..fine.clone()
        };
        let two = PreviewReport {
            findings: vec![error("a"), error("b")],
            failed_in,
            lines: 0,
            ..fine.clone()
        };
        let said = |report: PreviewReport| {
            let preview = Preview::from(report);
            (preview.fine, preview.message)
        };
        assert_eq!(said(fine), (true, "nothing is wrong with all 7 lines".to_owned()));
        assert_eq!(said(warned), (true, "nothing is wrong with the first 7 lines".to_owned()));
        assert_eq!(said(one), (false, "an error in all 7 lines: no call".to_owned()));
        assert_eq!(said(two), (false, "2 errors in the instruction, the first: a".to_owned()));
    }
}
