//! Inputs for the benches, and their instructions.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use serde_json::{Value, json};

/// Numbers that look random (xorshift), good enough for a bench.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

const PAIRS: [&str; 6] = ["AC", "AG", "AT", "CG", "CT", "GT"];
const BOTH: [u8; 6] = *b"MRWSYK";

fn create(path: &Path) -> BufWriter<File> {
    BufWriter::with_capacity(1 << 20, File::create(path).unwrap())
}

/// Appends a call: 45 % one homozygote, 42 % the other, 10 % both, 3 % missing.
fn push_call(line: &mut Vec<u8>, pair: usize, two: bool, random: &mut Random) {
    let [a, b] = [0, 1].map(|at| PAIRS[pair].as_bytes()[at]);
    let (first, second, one) = match random.next() % 100 {
        0..45 => (a, a, a),
        45..87 => (b, b, b),
        87..97 => (a, b, BOTH[pair]),
        _ => (b'N', b'N', b'N'),
    };
    if two {
        line.extend_from_slice(&[b'\t', first, second])
    } else {
        line.extend_from_slice(&[b'\t', one])
    }
}

pub(crate) fn hapmap(path: &Path, markers: usize, samples: usize, two: bool) {
    let (mut out, mut random) = (create(path), Random(88_172_645_463_325_252));
    write!(out, "rs#\talleles\tchrom\tpos\tstrand\tassembly#\tcenter\tp\ta\tpanel\tQCcode")
        .unwrap();
    (0..samples).for_each(|i| write!(out, "\tS{i}").unwrap());
    out.write_all(b"\n").unwrap();
    let mut line = Vec::new();
    for i in 0..markers {
        let pair = (random.next() % 6) as usize;
        let [a, b] = [0, 1].map(|at| char::from(PAIRS[pair].as_bytes()[at]));
        line.clear();
        write!(line, "snp{i}\t{a}/{b}\t{}\t{i}\t+\tv\tNA\tNA\tNA\tp\tNA", i % 10 + 1).unwrap();
        (0..samples).for_each(|_| push_call(&mut line, pair, two, &mut random));
        line.push(b'\n');
        out.write_all(&line).unwrap();
    }
    out.flush().unwrap();
}

pub(crate) fn samples(path: &Path, samples: usize, markers: usize) {
    let (mut out, mut random) = (create(path), Random(362_436_069));
    out.write_all(b"sample").unwrap();
    (0..markers).for_each(|i| write!(out, "\tsnp{i}").unwrap());
    out.write_all(b"\n").unwrap();
    let mut line = Vec::new();
    for i in 0..samples {
        line.clear();
        write!(line, "S{i}").unwrap();
        (0..markers).for_each(|marker| push_call(&mut line, marker % 6, true, &mut random));
        line.push(b'\n');
        out.write_all(&line).unwrap();
    }
    out.flush().unwrap();
}

pub(crate) fn vcf(path: &Path, markers: usize, samples: usize) {
    let (mut out, mut random) = (create(path), Random(521_288_629));
    out.write_all(b"##fileformat=VCFv4.2\n##contig=<ID=1>\n").unwrap();
    for id in ["GT", "DP", "GQ"] {
        let kind = if id == "GT" { "String" } else { "Integer" };
        writeln!(out, "##FORMAT=<ID={id},Number=1,Type={kind},Description=\"{id}\">").unwrap();
    }
    write!(out, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT").unwrap();
    (0..samples).for_each(|i| write!(out, "\tS{i}").unwrap());
    out.write_all(b"\n").unwrap();
    let calls = ["0/0:12:40", "0/1:7:33", "1/1:21:60", "./.:0:."];
    for i in 0..markers {
        write!(out, "1\t{}\tv{i}\tA\tG\t.\tPASS\t.\tGT:DP:GQ", i + 1).unwrap();
        for _ in 0..samples {
            let call = match random.next() % 100 {
                0..45 => 0,
                45..55 => 1,
                55..97 => 2,
                _ => 3,
            };
            out.write_all(b"\t").unwrap();
            out.write_all(calls[call].as_bytes()).unwrap();
        }
        out.write_all(b"\n").unwrap();
    }
    out.flush().unwrap();
}

pub(crate) fn columns(path: &Path, lines: usize, columns: usize) {
    let (mut out, mut random) = (create(path), Random(123_456_789));
    for line in 0..lines {
        for column in 0..columns {
            let tab = if column == 0 { "" } else { "\t" };
            write!(out, "{tab}{}", random.next() % 1_000_000 + line as u64 % 7).unwrap();
        }
        out.write_all(b"\n").unwrap();
    }
    out.flush().unwrap();
}

fn table(from: &Path, to: &Path, kind: &str, name: &str, columns: &[Value]) -> Value {
    json!({
        "table": name, "gobiiFileColumns": columns,
        "gobiiFile": {
            "source": from, "destination": to, "delimiter": "\\t", "gobiiFileType": kind,
        },
    })
}

fn column(kind: &str, name: &str, row: u64, cell: u64) -> Value {
    json!({ "gobiiColumnType": kind, "name": name, "rCoord": row, "cCoord": cell })
}

fn matrix(kind: &str, row: u64, cell: u64, orientation: &str) -> Value {
    let mut matrix = column("CSV_BOTH", "matrix", row, cell);
    matrix["dataSetType"] = json!(kind);
    matrix["dataSetOrientationType"] = json!(orientation);
    matrix
}

pub(crate) fn hapmap_instruction(from: &Path, to: &Path, kind: &str) -> String {
    let table = |name, columns: &[Value]| table(from, to, "HAPMAP", name, columns);
    let name = |name| column("CSV_COLUMN", name, 1, 0);
    let mut alts = column("CSV_COLUMN", "alts", 1, 1);
    alts["filterFrom"] = json!("/");
    let tables = json!([
        table("marker", &[name("name"), alts]),
        table("dataset_marker", &[name("marker_name")]),
        table("dataset_dnarun", &[column("CSV_ROW", "dnarun_name", 0, 11)]),
        table("matrix", &[matrix(kind, 1, 11, "MARKER_FAST")]),
    ]);
    tables.to_string()
}

pub(crate) fn vcf_instruction(from: &Path, to: &Path) -> String {
    let table = |name, columns: &[Value]| table(from, to, "VCF", name, columns);
    let cell = |name, cell| column("CSV_COLUMN", name, 6, cell);
    let tables = json!([
        table("marker", &[cell("name", 2), cell("ref", 3), cell("alts", 4)]),
        table("dataset_marker", &[cell("marker_name", 2)]),
        table("dataset_dnarun", &[column("CSV_ROW", "dnarun_name", 5, 9)]),
        table("matrix", &[matrix("VCF", 6, 9, "MARKER_FAST")]),
    ]);
    tables.to_string()
}

pub(crate) fn turn_instruction(from: &Path, to: &Path) -> String {
    let table = |name, columns: &[Value]| table(from, to, "GENERIC", name, columns);
    let tables = json!([
        table("dataset_marker", &[column("CSV_ROW", "marker_name", 0, 1)]),
        table("dataset_dnarun", &[column("CSV_COLUMN", "dnarun_name", 1, 0)]),
        table("matrix", &[matrix("NUCLEOTIDE_2_LETTER", 1, 1, "SAMPLE_FAST")]),
    ]);
    tables.to_string()
}

pub(crate) fn columns_instruction(from: &Path, to: &Path) -> String {
    let cells = [0, 2, 7, 11, 19, 24, 30, 35, 41, 49];
    let columns: Vec<_> = cells.iter().map(|cell| column("CSV_COLUMN", "c", 0, *cell)).collect();
    json!([table(from, to, "GENERIC", "ten", &columns)]).to_string()
}
