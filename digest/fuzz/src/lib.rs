//! What the fuzz targets have in common: one input, digested in several ways that must agree.

use std::{collections::BTreeMap, fs, path::Path};

use digest::{Options, Unobserved};
use schema::gobii::LoaderInstruction;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Everything that can be seen of a digest: its files, or what is wrong.
#[derive(Debug, PartialEq)]
enum Seen {
    Files(BTreeMap<String, Vec<u8>>),
    Findings(Vec<String>),
}

/// Digests the input with chunks of several sizes and several threads. They must agree, and a
/// digest that fails must leave nothing.
pub fn same_for_any_chunks(input: &[u8], tables: impl Fn(&Path, &Path) -> Value) {
    let ways = [(1, 1 << 20, 1 << 20), (2, 7, 64 << 10), (3, 1, 64 << 10)];
    let mut seen = ways.iter().map(|way| digest(input, *way, &tables));
    let first = seen.next();
    for other in seen {
        assert_eq!(first.as_ref(), Some(&other));
    }
}

fn digest(
    input: &[u8],
    (threads, chunk, memory): (usize, usize, usize),
    tables: &impl Fn(&Path, &Path) -> Value,
) -> Seen {
    let home = world();
    let [from, to] = ["in", "out"].map(|name| home.path().join(name));
    fs::create_dir(&from).expect("a folder can be made");
    fs::write(from.join("input"), input).expect("a file can be written");
    let instruction = LoaderInstruction::parse(&tables(&from, &to).to_string());
    let instruction = instruction.expect("the target writes good instructions");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("threads can be started");
    let options = Options { pool: Some(&pool), chunk, memory, ..Options::default() };
    match digest::digest(&instruction, &options, &Unobserved) {
        Ok(_) => Seen::Files(files(&to)),
        Err(failure) => {
            assert!(!to.exists() || files(&to).is_empty(), "a failed digest left something");
            let home = home.path().display().to_string();
            let place = |f: &schema::Finding| {
                format!("{:?} {:?} {}", f.line, f.column, f.message.replace(&home, ""))
            };
            Seen::Findings(failure.report.findings.iter().map(place).collect())
        }
    }
}

/// A folder in memory, where there is one.
pub fn world() -> TempDir {
    let memory = Path::new("/dev/shm");
    let home = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    home.expect("a folder can be made")
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("the destination is there");
    let file = |path: &Path| fs::read(path).expect("an output can be read");
    entries
        .map(|entry| entry.expect("the destination can be listed").path())
        .map(|path| (path.file_name().unwrap_or_default().display().to_string(), file(&path)))
        .collect()
}

const KINDS: [&str; 5] = [
    "NUCLEOTIDE_2_LETTER",
    "IUPAC",
    "SSR_ALLELE_SIZE",
    "DOMINANT_NON_NUCLEOTIDE",
    "CO_DOMINANT_NON_NUCLEOTIDE",
];

/// Digests a text as a matrix of any kind but VCF, either way round, as the choice says.
pub fn matrix(choice: u8, text: &[u8]) {
    let kind = KINDS[usize::from(choice) % KINDS.len()];
    let turned = choice & 0x80 != 0;
    let delimiter = ["\\t", ",", ",+", " "][usize::from(choice >> 3) % 4];
    let cell = choice >> 5 & 1;
    same_for_any_chunks(text, |from, to| {
        // Under its usual name it would need tables of markers and samples beside it.
        let mut matrix = column("CSV_BOTH", "calls", cell, cell);
        matrix["dataSetType"] = json!(kind);
        matrix["dataSetOrientationType"] =
            json!(if turned { "SAMPLE_FAST" } else { "MARKER_FAST" });
        json!([table(from, to, delimiter, "matrix", &[matrix])])
    });
}

/// A table of an instruction.
pub fn table(from: &Path, to: &Path, delimiter: &str, name: &str, columns: &[Value]) -> Value {
    json!({
        "table": name, "gobiiFileColumns": columns,
        "gobiiFile": { "source": from, "destination": to, "delimiter": delimiter },
    })
}

/// A column of a table.
pub fn column(kind: &str, name: &str, row: u8, cell: u8) -> Value {
    json!({ "gobiiColumnType": kind, "name": name, "rCoord": row, "cCoord": cell })
}
