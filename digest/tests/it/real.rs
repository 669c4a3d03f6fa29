//! Instructions that GOBii's own programs wrote, with the files they were made for.

use std::{fs, path::Path};

use digest::{Options, Unobserved};
use schema::gobii::{LoaderInstruction, decode};

use crate::support::World;

#[test]
fn every_real_instruction_with_its_file_digests() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/gobii-instructions");
    let Ok(index) = fs::read_to_string(folder.join("index.tsv")) else {
        eprintln!("skipped: there is no {}", folder.display());
        return;
    };
    let mut digested = 0;
    for line in index.lines().skip(1) {
        let cells: Vec<_> = line.split('\t').collect();
        let (name, input) = (cells[0], cells[11]);
        if input == "-" {
            continue;
        }
        let world = World::with(fs::read(folder.join(input)).unwrap());
        let text = fs::read(folder.join(name)).unwrap();
        let mut instruction = LoaderInstruction::parse(&decode(&text)).unwrap();
        for table in &mut instruction.tables {
            table.file.source = Some(world.source().display().to_string());
            table.file.destination = Some(world.destination().display().to_string());
        }
        let report = digest::digest(&instruction, &Options::default(), &Unobserved);
        let report = report.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert!(report.tables.iter().all(|table| table.rows > 0), "{name}");
        digested += 1;
    }
    assert!(digested > 20, "{digested} of them");
}
