//! The report that GOBii's users are used to, sent when a load has come to its end.

use std::{path::Path, time::Duration};

use maud::{DOCTYPE, html};
use schema::{
    Finding, Job, Report, Severity,
    gobii::{LoaderInstruction, Metadata, Named},
};

use crate::notify::{Letter, outcome};

/// A table with a title; the first row names its columns, if it has one.
struct Section {
    title: &'static str,
    head: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// The letter about a job that executed this instruction.
pub(super) fn of(job: &Job, instruction: &LoaderInstruction) -> Letter {
    let report = job.report.as_ref().and_then(|text| serde_json::from_str(text.get()).ok());
    let report: Report = report.unwrap_or_default();
    let errors: Vec<_> =
        report.findings.iter().filter(|found| found.severity == Severity::Error).collect();
    let mut sections = vec![
        facts(job, instruction, &report, errors.first().copied()),
        identifiers(instruction.metadata()),
        tables(&report, &errors),
        paths(job, instruction, &report),
        Section {
            title: "Errors",
            head: &[],
            rows: errors.iter().map(|error| vec![named(error)]).collect(),
        },
    ];
    sections.retain(|section| !section.rows.is_empty());
    let subject = subject(job, instruction);
    Letter { text: text(&sections), html: page(&subject, &sections), subject }
}

fn subject(job: &Job, instruction: &LoaderInstruction) -> String {
    let crop = instruction.metadata().crop.as_deref().or(job.tenant.as_deref());
    let source = instruction.file().source.as_deref().unwrap_or_default();
    let file = Path::new(source).file_name().unwrap_or_default().to_string_lossy();
    let (crop, outcome) = (crop.unwrap_or_default(), outcome(job.status));
    format!("[GOBII - Loader]: {crop} - digest of \"{file}\" {outcome}")
}

fn facts(
    job: &Job,
    instruction: &LoaderInstruction,
    report: &Report,
    first: Option<&Finding>,
) -> Section {
    let file_type = instruction.file().file_type.map(|kind| format!("{kind:?}"));
    let duration = match report.duration_ms {
        0 => None,
        ms => Some(format!("{:?}", Duration::from_millis(ms))),
    };
    let facts = [
        ("File type", file_type),
        ("Duration", duration),
        ("Status", Some(job.status.to_string())),
        ("First error", first.map(named).or_else(|| failure(job))),
    ];
    let row = |(name, fact): (&str, Option<String>)| Some(vec![name.to_owned(), fact?]);
    Section { title: "Load", head: &[], rows: facts.into_iter().filter_map(row).collect() }
}

/// Why a job failed that left no findings.
fn failure(job: &Job) -> Option<String> {
    let went_well = job.status == schema::JobStatus::Completed;
    job.message.clone().filter(|_| !went_well)
}

fn identifiers(metadata: &Metadata) -> Section {
    let all = [
        ("Project", &metadata.project),
        ("Platform", &metadata.platform),
        ("Experiment", &metadata.experiment),
        ("Dataset", &metadata.dataset),
        ("Mapset", &metadata.mapset),
        ("Dataset Type", &metadata.dataset_type),
    ];
    let row = |(what, named): (&str, &Named)| {
        let id = named.id.map(|id| id.to_string());
        let is_given = id.is_some() || named.name.is_some();
        let (name, id) = (named.name.clone().unwrap_or_default(), id.unwrap_or_default());
        is_given.then(|| vec![what.to_owned(), name, id])
    };
    let rows = all.into_iter().filter_map(row).collect();
    Section { title: "Identifiers", head: &["Identifier", "Name", "Id"], rows }
}

fn tables(report: &Report, errors: &[&Finding]) -> Section {
    let row = |table: &schema::TableReport| {
        let of_it = |error: &&&Finding| error.table.as_ref() == Some(&table.table);
        let invalid: u64 = errors.iter().filter(of_it).map(|error| error.count).sum();
        let counts = [table.rows_in, table.rows, table.duplicates, invalid];
        std::iter::once(table.table.clone()).chain(counts.map(|n| n.to_string())).collect()
    };
    let head = &["Table", "Total in File", "Total Loaded", "Total Existing", "Total Invalid"];
    Section { title: "Tables", head, rows: report.tables.iter().map(row).collect() }
}

fn paths(job: &Job, instruction: &LoaderInstruction, report: &Report) -> Section {
    let file = instruction.file();
    let is_matrix = |path: &str| path.ends_with("/digest.matrix");
    let bytes = |of: &dyn Fn(&str) -> bool| {
        let files = report.files.iter().filter(|file| of(&file.path));
        files.map(|file| file.bytes).sum::<u64>()
    };
    let size = |bytes: u64| if bytes == 0 { String::new() } else { format!("{bytes} bytes") };
    let matrix = report.files.iter().find(|file| is_matrix(&file.path));
    let paths = [
        ("Instruction", Some(job.key.to_string()), String::new()),
        ("Destination Directory", file.destination.clone(), size(bytes(&|_| true))),
        ("Input Directory", file.source.clone(), size(report.bytes_read)),
        ("Matrix", matrix.map(|file| file.path.clone()), size(bytes(&is_matrix))),
    ];
    let row = |(what, path, size): (&str, Option<String>, String)| {
        Some(vec![what.to_owned(), path?, size])
    };
    let rows = paths.into_iter().filter_map(row).collect();
    Section { title: "Paths", head: &["", "Path", "Size"], rows }
}

/// An error as `name: reason`.
fn named(error: &Finding) -> String {
    let name = error.table.as_deref().unwrap_or("load");
    let part = |at: Option<u64>| at.map(|at| format!(":{at}")).unwrap_or_default();
    let place = error
        .file
        .as_ref()
        .map(|file| format!(" ({file}{}{})", part(error.line), part(error.column)));
    format!("{name}: {}{}", error.message, place.unwrap_or_default())
}

fn page(subject: &str, sections: &[Section]) -> String {
    let page = html! {
        (DOCTYPE)
        html {
            head { meta charset="utf-8"; title { (subject) } }
            body {
                @for section in sections {
                    h3 { (section.title) }
                    table border="1" cellpadding="4" style="border-collapse: collapse" {
                        @if !section.head.is_empty() {
                            tr { @for name in section.head { th align="left" { (name) } } }
                        }
                        @for row in &section.rows {
                            tr { @for cell in row { td { (cell) } } }
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn text(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        text += &format!("{}\n", section.title);
        let head = (!section.head.is_empty()).then(|| section.head.join(" | "));
        let rows = section.rows.iter().map(|row| row.join(" | "));
        for line in head.into_iter().chain(rows) {
            text += &format!("  {line}\n");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use schema::{JobId, JobStatus, Key, Kind};
    use serde_json::json;

    use super::*;

    fn job(status: &str, report: &serde_json::Value) -> Job {
        let at = "2026-01-01T00:00:00Z";
        let job = json!({"id": JobId::mint(), "number": 1, "key": Key::new("dev:load").unwrap(),
            "kind": Kind::new("loader").unwrap(), "status": status, "attempt": 1, "tenant": "dev",
            "submitted_at": at, "updated_at": at, "settled_at": at, "report": report});
        serde_json::from_str(&job.to_string()).unwrap()
    }

    fn instruction() -> LoaderInstruction {
        let text = r#"[{"table": "marker", "gobiiCropType": "rice", "project": {"id": 7, "name": "<P>"},
            "gobiiFile": {"source": "/in/batch 1", "destination": "/out"},
            "gobiiFileColumns": [{"gobiiColumnType": "CONSTANT", "name": "a"}]}]"#;
        LoaderInstruction::parse(text).unwrap()
    }

    #[test]
    fn a_failure_tells_its_first_error_and_all_errors_by_name() {
        let error = |line: u64, message: &str| {
            json!({"severity": "error", "message": message, "table": "marker",
                   "file": "/in/a", "line": line, "column": 2})
        };
        let report = json!({"findings": [error(7, "no <cell>"), error(9, "odd")],
                            "failed_in": "digest"});
        let letter = of(&job("failed", &report), &instruction());
        assert_eq!(letter.subject, "[GOBII - Loader]: rice - digest of \"batch 1\" Failed");
        assert!(
            letter.text.contains("First error | marker: no <cell> (/in/a:7:2)"),
            "{}",
            letter.text
        );
        assert!(letter.text.contains("\n  marker: odd (/in/a:9:2)\n"), "{}", letter.text);
        assert!(letter.html.contains("no &lt;cell&gt;") && letter.html.contains("&lt;P&gt;"));
        assert_eq!(outcome(JobStatus::Completed), "Success");
    }

    #[test]
    fn a_success_tells_what_was_loaded_and_where_it_is() {
        let report = json!({"tables": [{"table": "marker", "rows_in": 5, "rows": 4, "duplicates": 1}],
            "files": [{"path": "/out/digest.marker", "bytes": 100, "sha256": ""}],
            "duration_ms": 1500, "bytes_read": 70});
        let letter = of(&job("completed", &report), &instruction());
        assert!(letter.subject.ends_with("Success"), "{}", letter.subject);
        for line in [
            "marker | 5 | 4 | 1 | 0",
            "Project | <P> | 7",
            "Duration | 1.5s",
            "Destination Directory | /out | 100 bytes",
        ] {
            assert!(letter.text.contains(line), "{line} in {}", letter.text);
        }
        assert!(!letter.text.contains("Errors"), "{}", letter.text);
    }
}
