//! Instructions as clients of three generations write them, and as nobody should.

use std::{fs, path::PathBuf};

use super::{ColumnKind, DataSetType, Dialect, FileType, LoaderInstruction, Orientation, decode};

const A: &str = include_str!("../../tests/instructions/a.json");
const B: &str = include_str!("../../tests/instructions/b.json");
const C: &str = include_str!("../../tests/instructions/c.json");

/// The three say the same in their own way.
#[test]
fn every_dialect_becomes_the_same_instruction() {
    let [a, b, c] = [A, B, C].map(|text| LoaderInstruction::parse(text).unwrap());
    assert_eq!([a.dialect, b.dialect, c.dialect], [Dialect::A, Dialect::B, Dialect::C]);
    for instruction in [&a, &b, &c] {
        let matrix = &instruction.tables[1];
        assert_eq!(matrix.name, "matrix");
        assert_eq!(matrix.file.file_type, Some(FileType::Hapmap));
        assert_eq!(matrix.columns[0].kind, ColumnKind::CsvBoth);
        assert_eq!((matrix.columns[0].row, matrix.columns[0].cell), (Some(1), Some(11)));
        assert_eq!(matrix.columns[0].data_set_type, Some(DataSetType::Nucleotide2Letter));
        assert_eq!(matrix.columns[0].orientation, Some(Orientation::SampleFast));
        assert_eq!(instruction.metadata().dataset.id, Some(6));
        assert_eq!(instruction.metadata().contact_id, Some(7));
    }
    assert_eq!(c.metadata().payload_type.as_deref(), Some("CV_PAYLOADTYPE_MATRIX"));
}

#[test]
fn an_instruction_is_found_in_every_wrapping() {
    for (text, property) in
        [(A, "gobiiLoaderInstructions"), (C, "procedure"), (C, "gobiiLoaderProcedure")]
    {
        let item = format!(
            r#"{{"allowedProcessTypes":[],"{property}":{text},"instructionFileName":"n","id":1}}"#
        );
        let wrapped = LoaderInstruction::parse(&item).unwrap();
        assert_eq!(wrapped.name.as_deref(), Some("n"));
        assert_eq!(wrapped.tables, LoaderInstruction::parse(text).unwrap().tables);
    }
}

#[test]
fn an_error_names_path_place_value_and_what_is_allowed() {
    let text = A.replace("\"CSV_BOTH\"", "\"CSV_BOHT\"");
    let wrong = LoaderInstruction::parse(&text).unwrap_err();
    assert_eq!(wrong.path, "[1].gobiiFileColumns[0].gobiiColumnType");
    let line = text.lines().position(|line| line.contains("CSV_BOHT")).unwrap();
    assert_eq!(wrong.line, line + 1);
    let column = text.lines().nth(line).unwrap().find("\"CSV_BOHT\"").unwrap();
    assert_eq!(wrong.column, column + 1);
    assert_eq!(wrong.found, "\"CSV_BOHT\"");
    assert!(wrong.expected.contains("CSV_COLUMN, CSV_ROW, CSV_BOTH"), "{wrong}");
}

#[test]
fn what_is_wrong_is_refused_where_it_stands() {
    let cases = [
        ("[]", ""),
        ("3", ""),
        ("{}", ""),
        ("[{}]", "[0]"),
        ("[{\"tabel\":\"t\"}]", "[0].tabel"),
        ("[{\"table\":\"t\",\"table\":\"u\"}]", "[0].table"),
        ("[{\"table\":[]}]", "[0].table"),
        ("[{\"table\":\"t\",\"contactId\":\"x\"}]", "[0].contactId"),
        ("[{\"table\":\"t\",\"qcCheck\":7}]", "[0].qcCheck"),
        ("[{\"table\":\"t\",\"project\":{\"id\":1.5}}]", "[0].project.id"),
        ("[{\"table\":\"t\",\"vcfParameters\":{\"maf\":\"much\"}}]", "[0].vcfParameters.maf"),
        ("[{\"table\":\"t\",\"gobiiFile\":{\"x\":1}}]", "[0].gobiiFile.x"),
        ("[{\"table\":\"t\",\"gobiiFileColumns\":[{}]}]", "[0].gobiiFileColumns[0]"),
        (
            "{\"metadata\":{},\"instructions\":[{\"table\":3,\"gobiiFile\":{}}]}",
            "instructions[0].gobiiFile",
        ),
        (
            "{\"metadata\":{\"datasetType\":{\"name\":\"X\"}},\"instructions\":[{\"table\":\"matrix\"}]}",
            "metadata.datasetType.name",
        ),
    ];
    for (text, path) in cases {
        let wrong = LoaderInstruction::parse(text).unwrap_err();
        assert_eq!(wrong.path, path, "{text}: {wrong}");
    }
}

#[test]
fn text_that_is_no_json_is_refused_with_its_line() {
    let wrong = LoaderInstruction::parse("[\n{\"table\":}\n]").unwrap_err();
    assert_eq!(wrong.line, 2);
    assert!(LoaderInstruction::parse("[{\"table\":\"t\"}] and more").is_err());
}

#[test]
fn numbers_may_be_texts_and_both_casings_count() {
    let text = r#"[{"table":"t","contactId":"67","dataSetId":"","gobiiFileColumns":[
        {"gobiiColumnType":"CSV_COLUMN","rcoord":"1","ccoord":2},
        {"gobiiColumnType":"CSV_COLUMN","rCoord":3,"cCoord":"4","dataSetType":null}]}]"#;
    let instruction = LoaderInstruction::parse(text).unwrap();
    let [first, second] = &instruction.tables[0].columns[..] else { panic!() };
    assert_eq!((first.row, first.cell), (Some(1), Some(2)));
    assert_eq!((second.row, second.cell), (Some(3), Some(4)));
    assert_eq!((first.data_set_type, second.data_set_type), (Some(DataSetType::Iupac), None));
    assert_eq!(instruction.metadata().contact_id, Some(67));
    assert_eq!(instruction.metadata().data_set_id, None);
}

#[test]
fn a_body_that_is_not_utf_8_is_latin_1() {
    assert_eq!(decode(b"Jos\xe9"), "Jos\u{e9}");
    assert_eq!(decode("Jos\u{e9}".as_bytes()), "Jos\u{e9}");
    assert_eq!(decode("\u{feff}[]".as_bytes()), "[]");
}

/// The shared folder beside the repository, where there is one.
fn shared(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(folder);
    if !path.is_dir() {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    }
    Some(path)
}

fn files_under(folder: PathBuf) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_under(path)) } else { files.push(path) }
    }
    files
}

#[test]
fn every_instruction_that_was_ever_written_parses() {
    let (Some(real), Some(golden)) = (shared("specs/gobii-instructions"), shared("golden")) else {
        return;
    };
    let mut files = files_under(real);
    files.extend(files_under(golden));
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    assert!(files.len() > 70, "{} files", files.len());
    for path in files {
        let text = fs::read(&path).unwrap();
        let parsed = LoaderInstruction::parse(&decode(&text));
        assert!(parsed.is_ok(), "{}: {}", path.display(), parsed.unwrap_err());
    }
}

#[test]
fn every_recorded_request_parses() {
    let Some(captures) = shared("specs/gobii-wire-captures") else { return };
    let mut files = files_under(captures);
    files.retain(|path| path.to_string_lossy().ends_with("POST-instructions-loader.request.http"));
    assert_eq!(files.len(), 3);
    for path in files {
        let bytes = fs::read(&path).unwrap();
        let body = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let text = decode(&bytes[body..]).into_owned();
        let envelope: serde_json::Value = serde_json::from_str(&text).unwrap();
        let item = envelope["payload"]["data"][0].to_string();
        let instruction = LoaderInstruction::parse(&item).unwrap();
        assert_eq!(instruction.name.as_deref(), Some("data_20260101_120000_USER_READER"));
    }
}
