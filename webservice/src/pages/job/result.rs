//! What a job wrote: its tables, and the files they are in.

use std::path::Path;

use maud::{Markup, html};
use schema::{OutputFile, Report, TableReport};

use crate::pages::words;

/// `folder` is where the files can be had, if they can.
pub(super) fn section(report: &Report, folder: Option<&str>) -> Option<Markup> {
    if report.tables.is_empty() && report.files.is_empty() {
        return None;
    }
    let read = words::bytes(report.bytes_read);
    Some(html! {
        section #result {
            h2 { "What it wrote" }
            p.hint { (read) " read" @if let Some(folder) = written_to(report) { "; written to " code { (folder) } } "." }
            @if !report.tables.is_empty() { (tables(&report.tables)) }
            @if !report.files.is_empty() { (files(&report.files, folder)) }
        }
    })
}

/// Where the files are; they all go to one place.
fn written_to(report: &Report) -> Option<String> {
    let parent = Path::new(&report.files.first()?.path).parent()?;
    Some(parent.display().to_string())
}

fn tables(tables: &[TableReport]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Tables" {
            table.list {
                thead { tr {
                    th scope="col" { "Table" }
                    th.number scope="col" { "Rows read" }
                    th.number scope="col" { "Duplicates" }
                    th.number scope="col" { "Rows written" }
                } }
                tbody {
                    @for table in tables {
                        tr {
                            th scope="row" { (table.table) }
                            td.number { (words::count(table.rows_in)) }
                            td.number { (words::count(table.duplicates)) }
                            td.number { (words::count(table.rows)) }
                        }
                    }
                }
            }
        }
    }
}

fn files(files: &[OutputFile], folder: Option<&str>) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Files" {
            table.list {
                thead { tr {
                    th scope="col" { "File" }
                    th.number scope="col" { "Size" }
                    th scope="col" { "SHA-256" }
                } }
                tbody { @for file in files { (row(file, folder)) } }
            }
        }
    }
}

fn row(file: &OutputFile, folder: Option<&str>) -> Markup {
    let name = Path::new(&file.path).file_name().unwrap_or_default().to_string_lossy();
    html! {
        tr {
            th scope="row" {
                @if let Some(folder) = folder {
                    a href={ (folder) "/" (words::segment(&name)) } download { (name) }
                } @else { (name) }
            }
            td.number title={ (words::count(file.bytes)) " bytes" } { (words::bytes(file.bytes)) }
            td { code.hash { (file.sha256) } }
        }
    }
}
