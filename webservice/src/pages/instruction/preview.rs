//! What would become of an instruction, as a node sees it.

use maud::{Markup, html};
use schema::{Finding, Preview, PreviewReport, PreviewRow, Severity, TablePreview};

use crate::pages::{error::sentence, job::findings, words};

/// How much of a table is shown.
const ROWS: usize = 5;
const CELLS: usize = 12;

pub(super) fn section(preview: &Preview) -> Markup {
    // What another kind tells may look different: then its message is all that is shown.
    let report = preview.report.as_ref();
    let report: Option<PreviewReport> =
        report.and_then(|report| serde_json::from_str(report.get()).ok());
    let class = if preview.fine { "completed" } else { "failed" };
    html! {
        section #preview {
            h2 { "What would become of it" }
            p.lead.(class) role="status" {
                (sentence(&preview.message))
                @if preview.fine { " Nothing was written yet." }
            }
            @if let Some(node) = &preview.node { p.hint { "Node " b { (node) } " looked at it." } }
            @if let Some(report) = &report {
                @for finding in &report.findings { (findings::article(finding, class_of(finding))) }
                @for table in &report.tables { (first_rows(table)) }
            }
        }
    }
}

/// What is said when nobody could look at the files.
pub(super) fn unseen(why: &str) -> Markup {
    html! {
        section #preview {
            h2 { "What would become of it" }
            p.lead role="status" {
                "The instruction makes sense. What its files hold could not be looked at: " (why) "."
            }
        }
    }
}

fn class_of(finding: &Finding) -> &'static str {
    match finding.severity {
        Severity::Error => "error",
        _ => "warning",
    }
}

fn first_rows(table: &TablePreview) -> Markup {
    let label = format!("The first rows of {}", table.table);
    html! {
        h3 { (table.table) }
        @if table.rows.is_empty() {
            p.hint { "No row so far." }
        } @else {
            div.scroll tabindex="0" role="region" aria-label=(label) {
                table.list.cells {
                    @if let Some(header) = &table.header {
                        thead { tr { @for cell in cells(header) { th scope="col" { (cell) } } } }
                    }
                    tbody {
                        @for row in table.rows.iter().take(ROWS) {
                            tr { @for cell in cells(row) { td { (cell) } } }
                        }
                    }
                }
            }
            p.hint { (words::counted(table.made, "row")) " of what was read." }
        }
    }
}

/// The first cells of a row.
fn cells(row: &PreviewRow) -> impl Iterator<Item = &str> {
    let all = row.text.split('\t').count();
    let more = (row.cut || all > CELLS).then_some("…");
    row.text.split('\t').take(CELLS).chain(more)
}
