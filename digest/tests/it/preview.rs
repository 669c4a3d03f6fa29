//! What is shown beforehand is what is written afterwards, and nothing is written for it.

use std::{fs, path::Path};

use digest::{Observer, Options, Stage, Unobserved};
use schema::{PreviewReport, PreviewRow, Progress, TablePreview};

use crate::{
    golden::{cases, world_of},
    support::World,
};

const FILE: &str =
    r#""gobiiFile": {"source": "${INPUT}", "destination": "${OUTPUT}", "delimiter": "\\t"}"#;

fn look(world: &World, instruction: &str) -> PreviewReport {
    digest::preview(&world.instruction(instruction), &Options::default(), &Unobserved).unwrap()
}

/// Markers down, samples across, IUPAC.
fn matrix(orientation: &str) -> String {
    let (down, across) = match orientation {
        "SAMPLE_FAST" => ("dataset_dnarun", "dataset_marker"),
        _ => ("dataset_marker", "dataset_dnarun"),
    };
    let name = |table: &str| if table == "dataset_marker" { "marker_name" } else { "dnarun_name" };
    format!(
        r#"[{{"table": "{down}", {FILE}, "gobiiFileColumns": [
            {{"gobiiColumnType": "CSV_COLUMN", "name": "{}", "rCoord": 1, "cCoord": 0}}]}},
           {{"table": "{across}", {FILE}, "gobiiFileColumns": [
            {{"gobiiColumnType": "CSV_ROW", "name": "{}", "rCoord": 0, "cCoord": 1}}]}},
           {{"table": "matrix", {FILE}, "gobiiFileColumns": [
            {{"gobiiColumnType": "CSV_BOTH", "name": "matrix", "rCoord": 1, "cCoord": 1,
              "dataSetType": "IUPAC", "dataSetOrientationType": "{orientation}"}}]}}]"#,
        name(down),
        name(across)
    )
}

fn lines(count: usize) -> String {
    let rows: String = (1..=count).map(|i| format!("m{i}\tA\tC\n")).collect();
    format!("x\ts1\ts2\n{rows}")
}

/// Whether what is shown is how the written lines begin.
fn assert_begins(shown: &TablePreview, written: &str, context: &str) {
    let shown: Vec<&PreviewRow> = shown.header.iter().chain(&shown.rows).collect();
    let written: Vec<&str> = written.lines().collect();
    assert!(shown.len() >= written.len().min(20), "{context}: {shown:?}");
    for (shown, written) in shown.iter().zip(&written) {
        assert!(written.starts_with(&shown.text), "{context}: {shown:?} of {written}");
        assert!(shown.cut || shown.text == **written, "{context}: {shown:?} of {written}");
    }
}

fn instruction_of(case: &Path) -> String {
    fs::read_to_string(case.join("instruction.json")).unwrap()
}

#[test]
fn every_case_is_shown_as_it_is_written() {
    for case in cases().iter().filter(|case| !case.join("expected-error.txt").exists()) {
        let (world, instruction) = (world_of(case), instruction_of(case));
        let preview = look(&world, &instruction);
        assert!(world.outputs().is_empty() && !world.destination().exists());
        let report = world.digest(&instruction).unwrap();
        let name = case.display().to_string();
        assert_eq!(preview.failed_in, None, "{name}");
        assert_eq!(preview.findings, report.findings, "{name}");
        let tables = |names: &mut dyn Iterator<Item = &String>| names.cloned().collect::<Vec<_>>();
        assert_eq!(
            tables(&mut preview.tables.iter().map(|table| &table.table)),
            tables(&mut report.tables.iter().map(|table| &table.table)),
            "{name}"
        );
        for shown in &preview.tables {
            let written = world.output(&format!("digest.{}", shown.table));
            assert_begins(shown, &written, &format!("{name}: {}", shown.table));
        }
    }
}

#[test]
fn every_broken_case_is_found_broken_in_the_same_place() {
    let mut broken = 0;
    for case in cases().iter().filter(|case| case.join("expected-error.txt").exists()) {
        let (world, instruction) = (world_of(case), instruction_of(case));
        let preview = look(&world, &instruction);
        let failure = world.digest(&instruction).unwrap_err();
        assert_eq!(preview.findings[0], failure.report.findings[0], "{}", case.display());
        assert_eq!(preview.failed_in, failure.report.failed_in);
        broken += 1;
    }
    assert!(broken > 0, "no case is broken");
}

#[test]
fn a_thousand_lines_are_read_and_not_one_more() {
    let (good, bad) = (lines(5000), "m\tA\t?\n");
    let line = |number: usize| good.match_indices('\n').nth(number - 2).unwrap().0 + 1;
    let with_error_in = |number: usize| {
        let mut text = good.clone();
        text.insert_str(line(number), bad);
        look(&World::with(text), &matrix("MARKER_FAST"))
    };
    let beyond = with_error_in(1001);
    assert_eq!((beyond.failed_in, beyond.lines, beyond.whole), (None, 1000, false));
    assert_eq!(beyond.tables[0].made, 999);
    let within = with_error_in(1000);
    assert_eq!(within.findings[0].line, Some(1000));
    assert_eq!(within.failed_in.as_deref(), Some("digest"));
    let whole = look(&World::with(lines(999)), &matrix("MARKER_FAST"));
    assert_eq!((whole.lines, whole.whole), (1000, true));
}

#[test]
fn rows_before_the_first_error_are_shown_beside_all_errors() {
    let text = lines(30).replace("m5\tA", "m5\tQ").replace("m9\tA", "m9\tQ");
    let preview = look(&World::with(text), &matrix("MARKER_FAST"));
    let places: Vec<_> = preview.findings.iter().map(|finding| finding.line).collect();
    assert_eq!(places, [Some(6), Some(10)]);
    let rows: Vec<_> = preview.tables[2].rows.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(rows, ["A\tC"; 4].map(|row| row.replace('A', "AA").replace('C', "CC")));
}

#[test]
fn an_error_in_the_second_file_leaves_the_rows_of_the_first() {
    let world = World::with(lines(3));
    world.file("b.txt", "x\ts1\ts2\nn1\tA\tC\nn2\t?\tC\n");
    let preview = look(&world, &matrix("MARKER_FAST"));
    assert_eq!(preview.findings[0].line, Some(3));
    assert_eq!(preview.tables[0].rows.len(), 3);
}

#[test]
fn rows_of_a_turned_matrix_go_on_with_the_lines_that_were_not_read() {
    let world = World::with(lines(2000));
    let preview = look(&world, &matrix("SAMPLE_FAST"));
    assert_eq!(preview.failed_in, None, "{:?}", preview.findings);
    world.digest(&matrix("SAMPLE_FAST")).unwrap();
    let shown = &preview.tables[2];
    assert!(shown.rows.len() == 2 && shown.rows.iter().all(|row| row.cut));
    assert_begins(shown, &world.output("digest.matrix"), "turned");
}

#[test]
fn a_table_that_begins_behind_a_thousand_lines_is_shown() {
    let head = "##contig\n".repeat(3000);
    let world = World::with(format!("{head}{}", lines(3000)));
    let instruction = matrix("MARKER_FAST")
        .replace("\"rCoord\": 1", "\"rCoord\": 3001")
        .replace("\"rCoord\": 0", "\"rCoord\": 3000");
    let preview = look(&world, &instruction);
    assert_eq!(preview.failed_in, None, "{:?}", preview.findings);
    assert_eq!(preview.tables[2].rows.len(), 20);
}

#[test]
fn of_wide_rows_the_beginning_is_shown_and_of_large_files_as_well() {
    let samples: String = (0..300_000).map(|i| format!("\ts{i}")).collect();
    let calls = "\tA".repeat(300_000);
    let rows: String = (0..40).map(|i| format!("m{i}{calls}\n")).collect();
    let preview = look(&World::with(format!("x{samples}\n{rows}")), &matrix("MARKER_FAST"));
    assert_eq!(preview.failed_in, None, "{:?}", preview.findings);
    assert!(!preview.whole && preview.lines < 20, "{}", preview.lines);
    let row = &preview.tables[2].rows[0];
    assert!(row.cut && row.text.len() == 2048 && row.text.starts_with("AA\tAA\t"));
}

#[test]
fn an_instruction_that_cannot_be_carried_out_is_refused_in_validation() {
    let preview =
        look(&World::with(lines(1)), &matrix("MARKER_FAST").replace("\"rCoord\": 1,", ""));
    assert_eq!(preview.failed_in.as_deref(), Some("validation"));
    assert!(preview.findings[0].message.contains("rCoord"), "{:?}", preview.findings);
}

#[test]
fn who_looks_may_end_the_look() {
    struct Impatient;
    impl Observer for Impatient {
        fn stage(&self, _: Stage, _: &str) {}
        fn progress(&self, _: Progress) {}
        fn is_cancelled(&self) -> bool {
            true
        }
    }
    let world = World::with(lines(10));
    let instruction = world.instruction(&matrix("MARKER_FAST"));
    assert_eq!(digest::preview(&instruction, &Options::default(), &Impatient), None);
}
