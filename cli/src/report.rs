//! Reports, for people.

use std::path::Path;

use indicatif::HumanBytes;
use schema::{
    Excerpt, Finding, MatrixReport, OutputFile, Report, Severity, TableReport, gobii::Unreadable,
};

use crate::terminal::{self, Column, Table};

/// How much of a checksum is shown; JSON has all of it.
const CHECKSUM_CHARS: usize = 12;

/// How much of a line is shown around a cell: so that all of it fits into 80 columns.
const AROUND_CHARS: usize = 30;

/// How much of the cell itself.
const CELL_CHARS: usize = 8;

/// Why an instruction file cannot be read, as something that was found in it.
pub(crate) fn unreadable(file: &Path, why: &Unreadable) -> Finding {
    let mut finding = Finding::new(Severity::Error, why.to_string());
    finding.file = Some(file.display().to_string());
    finding.line = Some(why.line as u64);
    finding
}

/// A report in lines: what was found first, since that is what one looks for.
pub(crate) fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![headline(report)];
    lines.extend(report.findings.iter().flat_map(finding));
    if let Some(folder) = folder(report) {
        lines.extend([String::new(), format!("written to {folder}")]);
        lines.extend(files(report).lines(terminal::width()));
    }
    lines.extend(report.matrix.as_ref().map(matrix));
    lines
}

fn headline(report: &Report) -> String {
    match &report.failed_in {
        Some(stage) => format!("failed in {stage}; nothing was written"),
        None => format!("digested {} in {} ms", HumanBytes(report.bytes_read), report.duration_ms),
    }
}

/// Where the files are; they all go to one place.
fn folder(report: &Report) -> Option<String> {
    let parent = Path::new(&report.files.first()?.path).parent()?;
    Some(parent.display().to_string())
}

/// One row a file, with what is known of its table.
fn files(report: &Report) -> Table {
    let columns = [
        Column::plain(""),
        Column::plain(""),
        Column::plain(""),
        Column::plain("").left_out(0),
        Column::plain("").left_out(1),
    ];
    let mut table = Table::new(columns.to_vec()).headless();
    for file in &report.files {
        table.row(row(file, &report.tables).map(Into::into).to_vec());
    }
    table
}

fn row(file: &OutputFile, tables: &[TableReport]) -> [String; 5] {
    let name = Path::new(&file.path).file_name().unwrap_or_default().to_string_lossy();
    let table = tables.iter().find(|table| name.strip_prefix("digest.") == Some(&table.table));
    let duplicates = match table.map_or(0, |table| table.duplicates) {
        0 => String::new(),
        count => format!("{count} duplicates left out"),
    };
    [
        format!("  {name}"),
        table.map(|table| format!("{} rows", table.rows)).unwrap_or_default(),
        HumanBytes(file.bytes).to_string(),
        format!("sha256 {}…", file.sha256.get(..CHECKSUM_CHARS).unwrap_or(&file.sha256)),
        duplicates,
    ]
}

fn matrix(matrix: &MatrixReport) -> String {
    let size = format!("{} markers × {} samples", matrix.markers, matrix.samples);
    let missing = format!("{:.2} % missing", 100.0 * matrix.missing_rate);
    match matrix.heterozygosity {
        Some(rate) => format!("matrix: {size}, {missing}, {:.2} % heterozygous", 100.0 * rate),
        None => format!("matrix: {size}, {missing}"),
    }
}

pub(crate) fn finding(finding: &Finding) -> Vec<String> {
    let count = Some(finding.count).filter(|count| *count > 1);
    let [line, carets] = match &finding.excerpt {
        Some(excerpt) => excerpt_lines(excerpt).map(Some),
        None => [None, None],
    };
    let facts = [
        ("at", place(finding)),
        ("line", line),
        ("", carets.filter(|_| finding.column.is_some())),
        ("table", finding.table.clone()),
        ("marker", finding.marker.clone()),
        ("sample", finding.sample.clone()),
        ("cell", finding.cell.as_ref().map(|cell| format!("{cell:?}"))),
        ("found", count.map(|count| format!("{count} times, this being the first"))),
        ("remedy", finding.remedy.clone()),
    ];
    let mut lines = vec![String::new(), terminal::found(finding.severity, &finding.message)];
    let fact = |(name, fact): (&str, Option<String>)| Some(format!("  {name:7} {}", fact?));
    lines.extend(facts.into_iter().filter_map(fact));
    lines
}

/// A finding in one line.
pub(crate) fn log_line(finding: &Finding) -> String {
    let place = place(finding).map(|place| format!("{place}: ")).unwrap_or_default();
    let cell = finding.cell.as_ref().map(|cell| format!(" (cell {cell:?})")).unwrap_or_default();
    format!("{place}{}{cell}", terminal::found(finding.severity, &finding.message))
}

/// `file:line:column`, as far as they are known.
fn place(finding: &Finding) -> Option<String> {
    let part = |at: Option<u64>| at.map(|at| format!(":{at}")).unwrap_or_default();
    let file = finding.file.as_ref()?;
    Some(format!("{file}{}{}", part(finding.line), part(finding.column)))
}

/// A part of a line with one column for each character, and below it what points to the cell.
fn excerpt_lines(excerpt: &Excerpt) -> [String; 2] {
    let mut before: Vec<_> = excerpt.before.chars().map(visible).collect();
    let is_cut = excerpt.cut_before || before.len() > AROUND_CHARS;
    before.drain(..before.len().saturating_sub(AROUND_CHARS));
    if is_cut {
        before.insert(0, '…');
    }
    let cell: Vec<_> = excerpt.cell.chars().map(visible).take(CELL_CHARS).collect();
    let rest = excerpt.cell.chars().skip(CELL_CHARS).chain(excerpt.after.chars()).map(visible);
    let mut after: Vec<_> = rest.collect();
    if excerpt.cut_after || after.len() > AROUND_CHARS {
        after.truncate(AROUND_CHARS);
        after.push('…');
    }
    let carets = format!("{}{}", " ".repeat(before.len()), "^".repeat(cell.len().max(1)));
    [[before, cell, after].concat().into_iter().collect(), carets]
}

/// A character that takes one column and does nothing to a terminal.
fn visible(char: char) -> char {
    match char {
        '\t' => '→',
        char if char.is_control() => '\u{fffd}',
        char => char,
    }
}

#[cfg(test)]
mod tests {
    use schema::Severity;

    use super::*;

    #[test]
    fn a_finding_gives_place_cell_and_remedy() {
        let report = Report {
            findings: vec![Finding {
                file: Some("/in/a.hmp.txt".to_owned()),
                line: Some(7),
                column: Some(12),
                cell: Some("Z".to_owned()),
                ..Finding::new(Severity::Error, "no IUPAC code").remedy("correct the cell")
            }],
            failed_in: Some("digest".to_owned()),
            ..Report::default()
        };
        let text = lines(&report).join("\n");
        let parts =
            ["failed in digest", "error: no IUPAC", "/in/a.hmp.txt:7:12", "\"Z\"", "correct"];
        for part in parts {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    fn shown(before: &str, cell: &str, after: &str) -> String {
        let excerpt = Excerpt {
            before: before.to_owned(),
            cell: cell.to_owned(),
            after: after.to_owned(),
            ..Excerpt::default()
        };
        excerpt_lines(&excerpt).join("\n")
    }

    #[test]
    fn carets_stand_below_the_cell_whatever_stands_before_it() {
        assert_eq!(shown("m1\té\t", "ZZ", "\tA"), "m1→é→ZZ→A\n     ^^");
        assert_eq!(shown("m1\t\u{1b}[2J\t", "", ""), "m1→\u{fffd}[2J→\n        ^");
    }

    #[test]
    fn a_long_line_is_cut_to_what_a_terminal_shows() {
        let shown = shown(&"A\t".repeat(90), &"Z".repeat(90), &"\tC".repeat(90));
        let expected =
            format!("…{}{}…\n{}{}", "A→".repeat(15), "Z".repeat(38), " ".repeat(31), "^".repeat(8));
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_line_without_a_cell_in_question_has_no_carets() {
        let excerpt = Excerpt { after: "m1\tA".to_owned(), ..Excerpt::default() };
        let mut of = Finding::new(Severity::Error, "odd");
        of.excerpt = Some(Box::new(excerpt));
        assert_eq!(finding(&of)[2..], ["  line    m1→A"]);
        of.column = Some(1);
        assert_eq!(finding(&of)[3], "          ^");
    }

    #[test]
    fn a_file_stands_beside_what_is_known_of_its_table() {
        let file = OutputFile {
            path: "/out/digest.marker".to_owned(),
            bytes: 10,
            sha256: "0123456789abcdef".to_owned(),
        };
        let table = TableReport { table: "marker".to_owned(), rows: 3, ..TableReport::default() };
        let report = Report { files: vec![file], tables: vec![table], ..Report::default() };
        let text = lines(&report).join("\n");
        assert!(text.contains("written to /out"), "{text}");
        assert!(text.contains("digest.marker  3 rows  10 B  sha256 0123456789ab…"), "{text}");
    }
}
