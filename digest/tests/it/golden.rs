//! Cases whose outputs are known to the byte: our own, and those beside the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::{World, files_in};

/// The folders of cases that are there.
pub(crate) fn cases() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases = Vec::new();
    for folder in [here.join("tests/cases"), here.join("../../shared/golden")] {
        if !folder.is_dir() {
            eprintln!("skipped: there is no {}", folder.display());
            continue;
        }
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        cases.extend(entries.filter(|path| path.is_dir()));
    }
    cases
}

pub(crate) fn world_of(case: &Path) -> World {
    let world = World::new();
    for (name, bytes) in files_in(&case.join("input")) {
        world.file(&name, bytes);
    }
    fs::create_dir(world.source().join("a sub-folder that does not count")).unwrap();
    world
}

#[test]
fn every_case_comes_out_byte_for_byte() {
    for case in cases().iter().filter(|case| !case.join("expected-error.txt").exists()) {
        let world = world_of(case);
        let instruction = fs::read_to_string(case.join("instruction.json")).unwrap();
        let name = case.file_name().unwrap().display();
        let report =
            world.digest(&instruction).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let (expected, mut found) = (files_in(&case.join("expected")), world.outputs());
        found.retain(|name, _| !name.starts_with("missing."));
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{name}");
        for (file, bytes) in &expected {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(text(&found[file]), text(bytes), "{name}: {file}");
            assert_eq!(&found[file], bytes, "{name}: {file}");
        }
        assert_eq!(report.files.len(), world.outputs().len());
    }
}

#[test]
fn every_broken_case_fails_with_an_address_and_leaves_nothing() {
    for case in cases().iter().filter(|case| case.join("expected-error.txt").exists()) {
        let world = world_of(case);
        let instruction = fs::read_to_string(case.join("instruction.json")).unwrap();
        let failure = world.digest(&instruction).unwrap_err();
        let first = &failure.report.findings[0];
        assert!(first.file.is_some() && first.line.is_some(), "{failure}");
        assert!(first.column.is_some() && first.cell.is_some(), "{failure}");
        let excerpt = first.excerpt.as_ref().unwrap();
        let text = [&*excerpt.before, &*excerpt.cell, &*excerpt.after].concat();
        let file = fs::read_to_string(first.file.as_ref().unwrap()).unwrap();
        let line = file.lines().nth(first.line.unwrap() as usize - 1).unwrap();
        assert!(line.contains(&text), "{text} in {line}");
        assert!(world.outputs().is_empty(), "{failure}");
    }
}
