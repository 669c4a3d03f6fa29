//! What is wrong is said with its place; what ends before its time leaves nothing.

use std::{
    fs,
    process::{Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};

use digest::{FailureKind, Observer, Options, Stage};
use schema::{Progress, Severity};

use crate::support::World;

const FILE: &str =
    r#""gobiiFile": {"source": "${INPUT}", "destination": "${OUTPUT}", "delimiter": "\\t"}"#;

fn instruction(kind: &str, turned: bool) -> String {
    let orientation = if turned { "SAMPLE_FAST" } else { "MARKER_FAST" };
    format!(
        r#"[{{"table": "dataset_marker", {FILE}, "gobiiFileColumns": [
            {{"gobiiColumnType": "CSV_COLUMN", "name": "marker_name", "rCoord": 1, "cCoord": 0}}]}},
           {{"table": "dataset_dnarun", {FILE}, "gobiiFileColumns": [
            {{"gobiiColumnType": "CSV_ROW", "name": "dnarun_name", "rCoord": 0, "cCoord": 1}}]}},
           {{"table": "matrix", {FILE}, "gobiiFileColumns": [
            {{"gobiiColumnType": "CSV_BOTH", "name": "matrix", "rCoord": 1, "cCoord": 1,
              "dataSetType": "{kind}", "dataSetOrientationType": "{orientation}"}}]}}]"#
    )
}

#[test]
fn a_wrong_call_is_named_by_file_line_column_cell_marker_and_sample() {
    let world = World::with("x\ts1\ts2\nm1\tA\tC\nm2\tR\tZ\n");
    let failure = world.digest(&instruction("IUPAC", false)).unwrap_err();
    let finding = &failure.report.findings[0];
    assert_eq!((finding.line, finding.column), (Some(3), Some(3)));
    let names = [&finding.cell, &finding.marker, &finding.sample].map(|name| name.as_deref());
    assert_eq!(names, [Some("Z"), Some("m2"), Some("s2")]);
    assert!(failure.message.contains("a.txt:3:3: "), "{failure}");
    assert_eq!(failure.report.failed_in.as_deref(), Some("digest"));
    assert!(world.outputs().is_empty());
}

#[test]
fn every_finding_shows_its_cell_in_its_line() {
    let world = World::with("x\ts1\ts2\nm1\tAA\tXX\nm2\tAA\nm3\tAA\tAC\tAG\nm4\tYY\tAA\n");
    let failure = world.digest(&instruction("NUCLEOTIDE_2_LETTER", false)).unwrap_err();
    let excerpts: Vec<_> = failure.report.findings.into_iter().filter_map(|f| f.excerpt).collect();
    let excerpts: Vec<_> = excerpts.iter().map(|e| [&*e.before, &*e.cell, &*e.after]).collect();
    assert_eq!(
        excerpts,
        [
            ["m2\tAA", "", ""],
            ["m3\tAA\tAC\t", "AG", ""],
            ["m1\tAA\t", "XX", ""],
            ["m4\t", "YY", "\tAA"]
        ]
    );
}

#[test]
fn a_cell_cut_by_a_pattern_is_shown_in_its_line_too() {
    let world = World::with("x;;s1;s2\nm1;A;;Z;C\n");
    let text = instruction("IUPAC", false).replace("\\\\t", ";+");
    let failure = world.digest(&text).unwrap_err();
    let excerpt = failure.report.findings[0].excerpt.as_ref().unwrap();
    assert_eq!([&*excerpt.before, &*excerpt.cell, &*excerpt.after], ["m1;A;;", "Z", ";C"]);
}

#[test]
fn errors_are_collected_up_to_a_number_and_sorted() {
    let lines: String = (1..=50).map(|i| format!("m{i}\tA\tZ\n")).collect();
    let world = World::with(format!("x\ts1\ts2\n{lines}"));
    for (max_errors, chunk) in [(20, 1 << 20), (20, 5), (3, 30)] {
        let options = Options { max_errors, chunk, ..Options::default() };
        let failure = world.digest_with(&instruction("IUPAC", false), &options).unwrap_err();
        let lines: Vec<_> = failure.report.findings.iter().map(|f| f.line.unwrap()).collect();
        assert_eq!(lines, (2..2 + max_errors as u64).collect::<Vec<_>>());
    }
}

#[test]
fn a_few_unsupported_calls_are_warnings_and_twenty_are_errors() {
    for (count, tolerated) in [(19, true), (20, false)] {
        let lines: String = (0..count).map(|i| format!("m{i}\tAA\tXX\n")).collect();
        let world = World::with(format!("x\ts1\ts2\n{lines}"));
        let options = Options { chunk: 40, ..Options::default() };
        let outcome = world.digest_with(&instruction("NUCLEOTIDE_2_LETTER", false), &options);
        assert_eq!(outcome.is_ok(), tolerated);
        let findings = outcome.map_or_else(|failure| failure.report.findings, |r| r.findings);
        let severity = if tolerated { Severity::Warning } else { Severity::Error };
        assert!(findings.iter().all(|finding| finding.severity == severity));
        assert_eq!(findings.len(), count);
        assert_eq!(findings[0].sample.as_deref(), Some("s2"));
    }
}

#[test]
fn names_must_be_as_many_as_markers_and_samples() {
    let world = World::with("x\ts1\ts2\ts3\nm1\tA\tC\n");
    let failure = world.digest(&instruction("IUPAC", false)).unwrap_err();
    assert!(
        failure.message.contains("dataset_dnarun lists 3 samples, the matrix has 2"),
        "{failure}"
    );
}

#[test]
fn whatever_is_wrong_with_an_instruction_is_said_before_anything_is_written() {
    let world = World::with("a\tb\n");
    let good = instruction("IUPAC", false);
    for (from, to, said) in [
        ("\"rCoord\": 1", "\"rCoord\": null", "has no rCoord"),
        ("\"cCoord\": 1", "\"cCoord\": -1", "impossible cCoord -1"),
        ("CSV_BOTH", "VCF_INFO", "cannot be read"),
        ("CSV_BOTH", "CONSTANT", "no column is read"),
        ("\"dataset_marker\"", "\"matrix\"", "twice"),
        ("\"dataset_marker\"", "\"../x\"", "cannot be the name of a table"),
        ("\"dataset_marker\"", "\"other\"", "matrix exists without dataset_marker"),
        ("\\\\t", "", "no delimiter"),
        ("\\\\t", "(?=x)", "look-ahead"),
        ("${OUTPUT}", "", "no destination"),
        (
            "\"name\": \"matrix\"",
            "\"name\": \"matrix\", \"findText\": \"a\", \"replaceText\": \"$1\"",
            "no group 1",
        ),
        (
            "\"table\": \"matrix\"",
            "\"table\": \"matrix\", \"dataSetId\": 3, \"dataSet\": {\"id\": 4}",
            "different data sets",
        ),
    ] {
        let failure = world.digest(&good.replace(from, to)).unwrap_err();
        let said_it = failure.report.findings.iter().any(|f| f.message.contains(said));
        assert!(said_it, "{said}: {:?}", failure.report.findings);
        assert_eq!(failure.stage, Stage::Validation);
        assert!(!world.destination().exists());
    }
}

#[test]
fn an_earlier_digest_is_not_left_where_a_later_one_failed() {
    let world = World::with("x\ts1\nm1\tA\n");
    world.digest(&instruction("IUPAC", false)).unwrap();
    assert!(world.outputs().contains_key("digest.matrix"));
    world.file("a.txt", "x\ts1\nm1\tZ\n");
    world.digest(&instruction("IUPAC", false)).unwrap_err();
    assert!(!world.outputs().contains_key("digest.matrix"));
}

/// Asks for the end when it was asked so many times.
struct Impatient {
    asked: AtomicU64,
    after: u64,
}

impl Observer for Impatient {
    fn stage(&self, _: Stage, _: &str) {}
    fn progress(&self, progress: Progress) {
        assert!(progress.done <= progress.total);
    }
    fn is_cancelled(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) >= self.after
    }
}

#[test]
fn a_cancelled_digest_leaves_nothing() {
    let lines: String = (0..2000).map(|i| format!("m{i}\tA\tC\n")).collect();
    for (after, turned) in [(0, false), (5, false), (50, false), (120, true)] {
        let world = World::with(format!("x\ts1\ts2\n{lines}"));
        let text = if turned { turned_names() } else { instruction("IUPAC", false) };
        let options = Options { chunk: 100, memory: 800, ..Options::default() };
        let impatient = Impatient { asked: AtomicU64::new(0), after };
        let failure = digest::digest(&world.instruction(&text), &options, &impatient).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Cancelled);
        assert!(world.outputs().is_empty(), "{:?}", world.outputs().keys());
    }
}

/// Lines are samples, cells are markers.
fn turned_names() -> String {
    let text = instruction("IUPAC", true);
    text.replace("dataset_marker", "lines")
        .replace("marker_name", "columns")
        .replace("dataset_dnarun", "dataset_marker")
        .replace("dnarun_name", "marker_name")
        .replace("lines", "dataset_dnarun")
        .replace("columns", "dnarun_name")
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_error() {
    /// Lets the file grow as soon as it is read.
    struct Writer(std::path::PathBuf);
    impl Observer for Writer {
        fn stage(&self, _: Stage, _: &str) {}
        fn progress(&self, _: Progress) {
            let mut text = fs::read_to_string(&self.0).unwrap();
            text += "m\tA\tC\n";
            fs::write(&self.0, text).unwrap();
        }
        fn is_cancelled(&self) -> bool {
            false
        }
    }
    let lines: String = (0..2000).map(|i| format!("m{i}\tA\tC\n")).collect();
    let world = World::with(format!("x\ts1\ts2\n{lines}"));
    let writer = Writer(world.source().join("a.txt"));
    let options = Options { chunk: 100, memory: 800, ..Options::default() };
    let instruction = world.instruction(&instruction("IUPAC", false));
    let failure = digest::digest(&instruction, &options, &writer).unwrap_err();
    assert!(failure.message.contains("changed while it was read"), "{failure}");
    assert!(world.outputs().is_empty());
}

#[test]
fn a_report_tells_what_is_in_the_matrix() {
    let world = World::with("x\ts1\ts2\nm1\tA\tN\nm2\tR\tG\n");
    let report = world.digest(&instruction("IUPAC", false)).unwrap();
    let matrix = report.matrix.unwrap();
    assert_eq!((matrix.markers, matrix.samples), (2, 2));
    assert!((matrix.missing_rate - 0.25).abs() < 1e-9);
    assert!((matrix.heterozygosity.unwrap() - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!(matrix.calls["AG"], 1);
    let missing = world.output("missing.samples.tsv");
    assert_eq!(missing, "sample_idx\tmissing\trate\n0\t0\t0.000000\n1\t1\t0.500000\n");
    let file = &report.files[2];
    assert!(file.path.ends_with("digest.matrix") && file.bytes == 12);
    assert_eq!(file.sha256.len(), 64);
}

#[test]
fn an_uncounted_matrix_is_the_same_and_nothing_is_said_of_it() {
    let world = World::with("x\ts1\ts2\nm1\tA\tN\nm2\tR\tG\n");
    world.digest(&instruction("IUPAC", false)).unwrap();
    let mut counted = world.outputs();
    let uncounted = World::with("x\ts1\ts2\nm1\tA\tN\nm2\tR\tG\n");
    let options = Options { count_calls: false, ..Options::default() };
    let report = uncounted.digest_with(&instruction("IUPAC", false), &options).unwrap();
    assert_eq!(report.matrix, None);
    counted.retain(|name, _| !name.starts_with("missing."));
    assert_eq!(uncounted.outputs(), counted);
}

#[test]
fn an_observer_hears_of_the_disk_that_outputs_and_spilled_rows_held() {
    #[derive(Default)]
    struct Disk(AtomicU64);
    impl Observer for Disk {
        fn stage(&self, _: Stage, _: &str) {}
        fn progress(&self, _: Progress) {}
        fn is_cancelled(&self) -> bool {
            false
        }
        fn held_disk(&self, bytes: u64) {
            assert_eq!(self.0.swap(bytes, Ordering::Relaxed), 0, "it is told once");
        }
    }
    let lines: String = (0..90).map(|i| format!("s{i}\tA\tC\tG\n")).collect();
    // Half the memory is for rows of three calls, a byte each: all but the last twelve spill.
    for (memory, spilled) in [(1 << 20, 0), (160, 3 * 78)] {
        let world = World::with(format!("x\tm1\tm2\tm3\n{lines}"));
        let (disk, options) = (Disk::default(), Options { memory, ..Options::default() });
        let instruction = world.instruction(&turned_names());
        let report = digest::digest(&instruction, &options, &disk).unwrap();
        let outputs: u64 = report.files.iter().map(|file| file.bytes).sum();
        assert_eq!(disk.0.into_inner(), outputs + spilled);
    }
}

#[test]
fn turning_twice_gives_the_matrix_back() {
    let lines: String =
        (0..97).map(|i| format!("s{i}\tAA\tA{}\tNN\n", ["C", "G", "T"][i % 3])).collect();
    let world = World::with(format!("x\tm1\tm2\tm3\n{lines}"));
    let kind = |text: String| text.replace("IUPAC", "NUCLEOTIDE_2_LETTER");
    let options = Options { chunk: 64, memory: 200, ..Options::default() };
    world.digest_with(&kind(turned_names()), &options).unwrap();
    let turned = world.output("digest.matrix");
    assert_eq!(turned.lines().count(), 3);
    let names: String = (0..97).map(|i| format!("\tr{i}")).collect();
    let again: String = turned.lines().map(|line| format!("m\t{line}\n")).collect();
    let back = World::with(format!("x{names}\n{again}"));
    back.digest(&kind(turned_names())).unwrap();
    let cells: String =
        lines.lines().map(|line| line.split_once('\t').unwrap().1.to_owned() + "\n").collect();
    assert_eq!(back.output("digest.matrix"), cells);
}

#[test]
fn a_first_row_that_is_too_short_is_an_error_for_a_turned_matrix_too() {
    let world = World::with("x\tm1\tm2\n\ns1\tAA\tAC\ns2\tAA\tAC\n");
    let text = turned_names()
        .replace("\"cCoord\": 1,\n              \"data", "\"cCoord\": 2,\n              \"data");
    for chunk in [1, 1 << 20] {
        let options = Options { chunk, ..Options::default() };
        let failure = world.digest_with(&text, &options).unwrap_err();
        assert_eq!(failure.report.findings[0].line, Some(2));
        assert!(world.outputs().is_empty());
    }
}

#[test]
fn a_file_that_vanishes_or_shrinks_is_an_error() {
    /// Does something to the file once the paths are checked.
    struct Meddler<F>(F);
    impl<F: Fn() + Sync> Observer for Meddler<F> {
        fn stage(&self, stage: Stage, _: &str) {
            if stage == Stage::Digest {
                (self.0)();
            }
        }
        fn progress(&self, _: Progress) {}
        fn is_cancelled(&self) -> bool {
            false
        }
    }
    let world = World::with("x\ts1\nm1\tA\nm2\tC\n");
    let file = world.source().join("a.txt");
    let instruction = world.instruction(&instruction("IUPAC", false));
    let digest = |meddle: &(dyn Fn() + Sync)| {
        digest::digest(&instruction, &Options::default(), &Meddler(meddle)).unwrap_err()
    };
    let failure = digest(&|| fs::write(&file, "x\ts1\nm1\tA\n").unwrap());
    assert!(failure.message.contains("changed while it was read"), "{failure}");
    let failure = digest(&|| fs::remove_file(&file).unwrap());
    assert!(failure.message.contains("could not read") && failure.message.contains("a.txt"));
    assert!(world.outputs().is_empty());
}

#[test]
fn a_failed_report_tells_what_was_read_and_what_was_tolerated_before() {
    let world = World::with("x\ts1\ts2\nm1\tAA\tXX\nm2\tAA\nm3\tYY\tAA\n");
    let size = fs::metadata(world.source().join("a.txt")).unwrap().len();
    for (max_errors, warned) in [(20, [2, 4].as_slice()), (1, &[2])] {
        for chunk in [1, 9, 1 << 20] {
            let options = Options { max_errors, chunk, ..Options::default() };
            let kind = instruction("NUCLEOTIDE_2_LETTER", false);
            let report = world.digest_with(&kind, &options).unwrap_err().report;
            assert_eq!(report.findings[0].severity, Severity::Error);
            let lines: Vec<_> = report.findings[1..].iter().map(|f| f.line.unwrap()).collect();
            assert_eq!(lines, warned);
            assert!(max_errors == 1 || report.bytes_read == size);
        }
    }
}

#[test]
fn lines_of_different_lengths_are_shown() {
    let world = World::with("x\ts1\ts2\nm1\tA\tC\n");
    world.file("b.txt", "x\ts3\nm2\tA\tC\n");
    let failure = world.digest(&instruction("IUPAC", false)).unwrap_err();
    let finding = &failure.report.findings[0];
    assert_eq!((finding.line, finding.cell.as_deref()), (Some(1), Some("x\ts3")));
    let excerpt = finding.excerpt.as_ref().unwrap();
    assert_eq!((&*excerpt.before, &*excerpt.cell), ("x\ts3", ""));
}

/// A small file system of its own, as long as this lives.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// None without the right to mount.
    fn mount(at: std::path::PathBuf) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=512k", "tmpfs"]).arg(&at).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(at))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_with_the_room_that_is_needed_and_is_left_empty() {
    let lines: String = (0..40_000).map(|i| format!("m{i}\tA\tC\n")).collect();
    let world = World::with(format!("x\ts1\ts2\n{lines}"));
    let Some(_disk) = SmallDisk::mount(world.destination()) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    for turned in [false, true] {
        let text = if turned { turned_names() } else { instruction("IUPAC", false) };
        // Turned, the rows themselves must spill beside the output, or there is room for all.
        let options = Options { chunk: 4096, memory: 80_000, ..Options::default() };
        let failure = world.digest_with(&text, &options).unwrap_err();
        let words = failure.message.split_whitespace();
        let needed: Vec<u64> = words.filter_map(|word| word.parse().ok()).collect();
        assert!(failure.message.contains("is full") && needed[0] > 512 << 10, "{failure}");
        assert!(failure.report.findings[0].remedy.is_some());
        assert!(world.outputs().is_empty(), "{:?}", world.outputs().keys());
    }
}
