//! Inputs as they come: compressed, with any line ends, empty, many, or not files at all.

use std::{fs, io::Write as _, process::Command};

use digest::Options;
use flate2::{Compression, write::GzEncoder};

use crate::support::World;

/// The first two columns as the table `marker`.
pub(crate) const MARKERS: &str = r#"[{"table": "marker",
    "gobiiFile": {"source": "${INPUT}", "destination": "${OUTPUT}", "delimiter": "\\t"},
    "gobiiFileColumns": [
        {"gobiiColumnType": "CSV_COLUMN", "name": "name", "rCoord": 1, "cCoord": 0},
        {"gobiiColumnType": "CSV_COLUMN", "name": "ref", "rCoord": 1, "cCoord": 1}]}]"#;

pub(crate) const TEXT: &str = "name\tref\nm1\tA\nm2\tC\n";
pub(crate) const EXPECTED: &str = "name\tref\nm1\tA\nm2\tC\n";

/// A matrix from the second line and cell on, and a table of the cells of the first and third line.
const LONG_ROWS: &str = r#"[
    {"table": "matrix",
    "gobiiFile": {"source": "${INPUT}", "destination": "${OUTPUT}", "delimiter": "\\t"},
    "gobiiFileColumns": [{"gobiiColumnType": "CSV_BOTH", "name": "calls", "rCoord": 1, "cCoord": 1,
        "dataSetType": "NUCLEOTIDE_2_LETTER", "dataSetOrientationType": "MARKER_FAST"}]},
    {"table": "lines",
    "gobiiFile": {"source": "${INPUT}", "destination": "${OUTPUT}", "delimiter": "\\t"},
    "gobiiFileColumns": [
        {"gobiiColumnType": "CSV_ROW", "name": "first", "rCoord": 0, "cCoord": 1},
        {"gobiiColumnType": "CSV_ROW", "name": "third", "rCoord": 2, "cCoord": 1}]}]"#;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// BGZF: gzip members that tell their own size.
fn bgzf(parts: &[&[u8]]) -> Vec<u8> {
    let mut file = Vec::new();
    for part in parts.iter().chain(&[&b""[..]]) {
        let plain = gzip(part);
        let size = u16::try_from(plain.len() - 10 + 18 - 1).unwrap().to_le_bytes();
        file.extend_from_slice(&[0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, b'B', b'C', 2, 0]);
        file.extend_from_slice(&size);
        file.extend_from_slice(&plain[10..]);
    }
    file
}

#[test]
fn compressed_files_are_read_as_they_are() {
    let (first, second) = TEXT.as_bytes().split_at(11);
    let members = [gzip(first), gzip(second)].concat();
    for bytes in [gzip(TEXT.as_bytes()), members, bgzf(&[first, second])] {
        let world = World::with(bytes);
        world.digest(MARKERS).unwrap();
        assert_eq!(world.output("digest.marker"), EXPECTED);
    }
}

#[test]
fn a_damaged_compressed_file_is_an_error() {
    let good = bgzf(&[TEXT.as_bytes()]);
    let mut flipped = good.clone();
    flipped[25] ^= 0xff;
    let cut = gzip(TEXT.as_bytes());
    for bytes in [flipped, good[..30].to_vec(), cut[..cut.len() - 6].to_vec()] {
        let world = World::with(bytes);
        let failure = world.digest(MARKERS).unwrap_err();
        assert!(failure.message.contains("a.txt"), "{failure}");
        assert!(world.outputs().is_empty());
    }
}

#[test]
fn of_several_damaged_blocks_the_first_is_told() {
    let parts: Vec<&[u8]> = vec![b"m\tA\n"; 40];
    let mut file = bgzf(&parts);
    let block = bgzf(&parts[..1]).len() - bgzf(&[]).len();
    file[block - 8] ^= 1; // The checksum of the first one,
    for i in 1..40 {
        file[(i + 1) * block - 1] = 0xff; // the sizes of the others.
    }
    for _ in 0..20 {
        let failure = World::with(&file).digest(MARKERS).unwrap_err();
        assert!(failure.message.contains("a damaged block"), "{failure}");
    }
}

#[test]
fn every_line_end_will_do() {
    for text in [TEXT.replace('\n', "\r\n"), TEXT.replace('\n', "\r"), TEXT.trim_end().to_owned()] {
        let world = World::with(text);
        world.digest_with(MARKERS, &Options { chunk: 3, ..Options::default() }).unwrap();
        assert_eq!(world.output("digest.marker"), EXPECTED);
    }
}

#[test]
fn an_empty_file_adds_nothing() {
    let world = World::with("");
    world.file("b.txt", TEXT);
    world.digest(MARKERS).unwrap();
    assert_eq!(world.output("digest.marker"), EXPECTED);
}

#[test]
fn a_thousand_files_are_read_in_the_order_of_their_names() {
    let world = World::new();
    let mut expected = String::from("name\tref\n");
    for i in 0..1000 {
        world.file(&format!("{i:04}.txt"), format!("name\tref\nm{i}\tA"));
        expected += &format!("m{i}\tA\n");
    }
    let report = world.digest(MARKERS).unwrap();
    assert_eq!(report.tables[0].rows, 1000);
    assert_eq!(world.output("digest.marker"), expected);
}

#[test]
fn a_single_file_can_be_the_source() {
    let world = World::with(TEXT);
    world.digest(&MARKERS.replace("${INPUT}", "${INPUT}/a.txt")).unwrap();
    assert_eq!(world.output("digest.marker"), EXPECTED);
}

#[test]
fn a_line_longer_than_a_chunk_is_read_and_one_longer_than_memory_refused() {
    let name = "n".repeat(100_000);
    let world = World::with(format!("name\tref\n{name}\tA\n"));
    let options = Options { chunk: 64, memory: 1 << 20, ..Options::default() };
    world.digest_with(MARKERS, &options).unwrap();
    assert_eq!(world.output("digest.marker"), format!("name\tref\n{name}\tA\n"));
    let options = Options { chunk: 64, memory: 1 << 10, ..Options::default() };
    let failure = world.digest_with(MARKERS, &options).unwrap_err();
    assert_eq!(failure.report.findings[0].line, Some(2));
}

#[test]
fn what_is_no_file_is_refused() {
    let world = World::with(TEXT);
    let pipe = world.source().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let failure = world.digest(MARKERS).unwrap_err();
    assert!(failure.message.contains("pipe is neither a file nor a folder"), "{failure}");
    let failure = world.digest(&MARKERS.replace("${INPUT}", "${INPUT}/pipe")).unwrap_err();
    assert!(failure.message.contains("neither"), "{failure}");
    let failure = world.digest(&MARKERS.replace("${INPUT}", "${INPUT}/gone")).unwrap_err();
    assert!(failure.message.contains("gone"), "{failure}");
    let empty = World::new();
    assert!(empty.digest(MARKERS).unwrap_err().message.contains("no file"));
}

#[test]
fn a_destination_that_is_a_file_is_refused() {
    let world = World::with(TEXT);
    fs::write(world.destination(), "in the way").unwrap();
    assert!(world.digest(MARKERS).unwrap_err().message.contains("destination"));
}

#[test]
fn long_rows_come_whole_and_in_order_whatever_ends_their_lines_and_wherever_they_are_cut() {
    let calls =
        |i: usize| ["AC", "GT", "NN", "A0"].map(|call| [call; 400].join("\t"))[i % 4].clone();
    let ends = ["\n", "\t\n", "\r\n", "\r", "\n"];
    let lines = (0..40).map(|i| format!("m{i}\t{}{}", calls(i), ends[i % 5]));
    let names: Vec<_> = (0..400).map(|i| format!("s{i}")).collect();
    let world = World::with(format!("name\t{}\n", names.join("\t")) + &lines.collect::<String>());
    let matrix: String = (0..40).map(|i| calls(i).replace('0', "N") + "\n").collect();
    let lines: String = names.iter().map(|name| format!("{name}\tGT\n")).collect();
    for chunk in [1, 700, 5000, 1 << 20] {
        world.digest_with(LONG_ROWS, &Options { chunk, ..Options::default() }).unwrap();
        assert_eq!(world.output("digest.matrix"), matrix);
        assert_eq!(world.output("digest.lines"), "first\tthird\n".to_owned() + &lines);
    }
}
