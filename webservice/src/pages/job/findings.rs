//! What was found wrong, and where: in the words and on the line that the reader can look up.

use std::path::Path;

use maud::{Markup, html};
use schema::{Excerpt, Finding, Report, Severity};

use crate::pages::{error::sentence, words};

pub(super) fn section(report: &Report) -> Option<Markup> {
    if report.findings.is_empty() {
        return None;
    }
    let errors = of(report, Severity::Error);
    let warnings = of(report, Severity::Warning);
    Some(html! {
        section #findings {
            @if !errors.is_empty() {
                h2 { "Why it failed" }
                p.hint {
                    (words::counted(errors.len() as u64, "error"))
                    @if let Some(stage) = &report.failed_in { " in " (stage) }
                    "; nothing was written."
                }
                @for finding in errors { (article(finding, "error")) }
            }
            @if !warnings.is_empty() {
                h2 { "Worth knowing" }
                @for finding in warnings { (article(finding, "warning")) }
            }
        }
    })
}

fn of(report: &Report, severity: Severity) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.severity == severity).collect()
}

pub(in crate::pages) fn article(finding: &Finding, class: &str) -> Markup {
    html! {
        article.finding.(class) {
            h3 { (sentence(&finding.message)) }
            (place(finding))
            (context(finding))
            @if let Some(remedy) = &finding.remedy {
                p.remedy { b { "What to do: " } (sentence(remedy)) }
            }
        }
    }
}

fn place(finding: &Finding) -> Markup {
    let part = |name: &'static str, part: Option<String>| part.map(|part| (name, part));
    let facts = [
        part("line", finding.line.map(words::count)),
        part("column", finding.column.map(words::count)),
        part("table", finding.table.clone()),
        part("marker", finding.marker.clone()),
        part("sample", finding.sample.clone()),
        part(
            "found",
            (finding.count > 1).then(|| format!("{} times", words::count(finding.count))),
        ),
    ];
    html! {
        p.place {
            @if let Some(file) = &finding.file {
                b title=(file) { (Path::new(file).file_name().unwrap_or_default().to_string_lossy()) }
            }
            @for (name, fact) in facts.into_iter().flatten() { span { (name) " " b { (fact) } } }
        }
    }
}

/// The cell in its line; of older reports the cell alone.
fn context(finding: &Finding) -> Markup {
    let [before, cell, after] = match (&finding.excerpt, &finding.cell) {
        (Some(excerpt), _) => parts(excerpt),
        (None, Some(cell)) => [String::new(), visible(cell), String::new()],
        (None, None) => return Markup::default(),
    };
    html! {
        div.source tabindex="0" role="group" aria-label="The line" {
            @if let Some(line) = finding.line { span.line { (line) } }
            code { (before) @if finding.column.is_some() { mark { (cell) } } @else { (cell) } (after) }
        }
    }
}

fn parts(excerpt: &Excerpt) -> [String; 3] {
    let cut = |is_cut| if is_cut { "…" } else { "" };
    let Excerpt { before, cell, after, cut_before, cut_after } = excerpt;
    [
        format!("{}{}", cut(*cut_before), visible(before)),
        // Where a cell is missing there is a place to point at still.
        if cell.is_empty() { "\u{2423}".to_owned() } else { visible(cell) },
        format!("{}{}", visible(after), cut(*cut_after)),
    ]
}

/// The text with its tabs to be seen, since they are what parts the cells.
fn visible(text: &str) -> String {
    text.replace('\t', "\u{2192}\t")
}
