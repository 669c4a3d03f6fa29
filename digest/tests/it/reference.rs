//! The engine against a plain, sequential program that was written from the specification alone.

use std::collections::BTreeMap;

use digest::Options;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::World;

/// Table after table, line after line, everything in memory; none means that it must fail.
struct Reference<'a> {
    files: &'a [String],
    delimiter: char,
}

/// A table as the reference knows it.
#[derive(Clone, Debug)]
struct Table {
    name: &'static str,
    kind: &'static str,
    /// Line and cell.
    at: (usize, usize),
    /// More cells, for tables of columns.
    more: Vec<usize>,
    counter: bool,
    from: &'static str,
    to: &'static str,
    calls: &'static str,
    turned: bool,
}

impl Reference<'_> {
    fn lines(&self) -> Vec<Vec<&str>> {
        let split = |file: &'_ String| -> Vec<String> {
            let text = file.replace("\r\n", "\n").replace('\r', "\n");
            let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
            if lines.last().is_some_and(String::is_empty) {
                lines.pop();
            }
            lines
        };
        // Leaked, as this runs in tests only: the lines outlive the call that way.
        self.files
            .iter()
            .map(|file| split(file).leak().iter().map(String::as_str).collect())
            .collect()
    }

    fn cells<'l>(&self, line: &'l str, keep_empty: bool) -> Vec<&'l str> {
        let mut cells: Vec<_> = line.split(self.delimiter).collect();
        while !keep_empty && !line.is_empty() && cells.last() == Some(&"") {
            cells.pop();
        }
        cells
    }

    fn rows(&self, table: &Table) -> Option<Vec<String>> {
        let (mut rows, mut number) = (Vec::new(), 0);
        for lines in self.lines() {
            for line in lines.iter().skip(table.at.0) {
                let values: Vec<String> = match table.kind {
                    "CSV_COLUMN" => {
                        let cells = self.cells(line, true);
                        let wanted = [&[table.at.1], &table.more[..]].concat();
                        wanted
                            .iter()
                            .map(|i| cells.get(*i).map(|c| table.filter(c)))
                            .collect::<Option<_>>()?
                    }
                    _ => {
                        let cells = self.cells(line, false);
                        cells.get(table.at.1..)?.iter().map(|cell| table.filter(cell)).collect()
                    }
                };
                let mut row = if table.counter { number.to_string() } else { String::new() };
                number += 1;
                for value in values {
                    if !row.is_empty() {
                        row.push('\t');
                    }
                    row += &value;
                }
                rows.push(row);
            }
        }
        Some(rows)
    }

    fn file(&self, table: &Table) -> Option<String> {
        let rows = self.rows(table)?;
        if table.name != "matrix" {
            let columns = usize::from(table.counter) + 1 + table.more.len();
            let header = vec!["c"; columns].join("\t");
            return Some(
                [&[header], &rows[..]].concat().iter().map(|row| format!("{row}\n")).collect(),
            );
        }
        let mut matrix = Vec::new();
        for row in &rows {
            matrix.push(
                row.split('\t').map(|cell| call(table.calls, cell)).collect::<Option<Vec<_>>>()?,
            );
        }
        let width = matrix.first().map_or(0, Vec::len);
        if matrix.iter().any(|row| row.len() != width) || bad_calls(table, &rows) >= 20 {
            return None;
        }
        if table.turned {
            matrix =
                (0..width).map(|i| matrix.iter().map(|row| row[i].clone()).collect()).collect();
        }
        Some(matrix.iter().map(|row| row.join("\t") + "\n").collect())
    }
}

impl Table {
    fn filter(&self, cell: &str) -> String {
        let cell = cell
            .split_once(self.from)
            .filter(|_| !self.from.is_empty())
            .map_or(cell, |(_, rest)| rest);
        let cell =
            cell.split_once(self.to).filter(|_| !self.to.is_empty()).map_or(cell, |(rest, _)| rest);
        cell.to_owned()
    }

    fn json(&self, world: &World, delimiter: char) -> Value {
        let column = |cell: usize| {
            json!({
                "gobiiColumnType": self.kind, "name": "c", "rCoord": self.at.0, "cCoord": cell,
                "filterFrom": self.from, "filterTo": self.to, "dataSetType": self.calls,
                "dataSetOrientationType": if self.turned { "SAMPLE_FAST" } else { "MARKER_FAST" },
            })
        };
        let counter =
            json!({ "gobiiColumnType": "AUTOINCREMENT", "name": "c", "dataSetType": null });
        let mut columns = if self.counter { vec![counter] } else { Vec::new() };
        columns.push(column(self.at.1));
        columns.extend(self.more.iter().map(|cell| column(*cell)));
        json!({
            "table": self.name, "gobiiFileColumns": columns,
            "gobiiFile": {
                "source": world.source(), "destination": world.destination(),
                "delimiter": if delimiter == '\t' { "\\t" } else { "," },
            },
        })
    }
}

/// A call in the form of the digest.
fn call(kind: &str, cell: &str) -> Option<String> {
    let ends = || Some((cell.chars().next()?, cell.chars().last()?));
    match kind {
        "NUCLEOTIDE_2_LETTER" => {
            let letter = |c: char| match c {
                '?' | '0' => Some('N'),
                c => Some(c).filter(|c| "ACGTN+-".contains(*c)),
            };
            let pair = ends().and_then(|(a, b)| Some((letter(a)?, letter(b)?)));
            Some(pair.map_or("NN".to_owned(), |(a, b)| format!("{a}{b}")))
        }
        "IUPAC" => {
            let codes =
                "AAA TTT GGG CCC NNN WAT RAG MAC KTG YTC SGC +++ --- .-- 0+- BNN DNN HNN VNN";
            let mut found = codes.split(' ').filter(|code| cell.to_uppercase() == code[..1]);
            match ends()? {
                _ if cell.len() == 1 => found.next().map(|code| code[1..].to_owned()),
                (a, b) => Some(format!("{a}{b}"))
                    .filter(|_| [a, b].iter().all(|c| "ACGTN+-".contains(*c))),
            }
        }
        "DOMINANT_NON_NUCLEOTIDE" => ["0", "1", "N"].contains(&cell).then(|| cell.to_owned()),
        _ => {
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            let size = cell.len() <= 8 && cell.splitn(2, '/').all(digits);
            (size || cell == "N").then(|| cell.to_owned())
        }
    }
}

/// How many calls of two letters are not supported.
fn bad_calls(table: &Table, rows: &[String]) -> usize {
    let bad = |cell: &&str| !cell.is_empty() && !cell.chars().all(|c| "ACGTN+-?0/".contains(c));
    let cells = rows.iter().flat_map(|row| row.split('\t'));
    if table.calls == "NUCLEOTIDE_2_LETTER" { cells.filter(bad).count() } else { 0 }
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["AA", "AC", "GT", "NN", "TT"]).prop_map(str::to_owned),
        8 => prop::sample::select(vec!["A", "C", "R", "k", "N", "0", "1"]).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["A/T", "120/124", "?", "-", "+/-", "x"]).prop_map(str::to_owned),
        1 => Just(String::new()),
    ]
}

/// Calls of one sort each, so that most matrices are good ones.
const ALPHABETS: [&[&str]; 4] = [
    &["AA", "AC", "GT", "NN", "A/T", "?", "-"],
    &["A", "C", "R", "k", "Y", "s", "N", "+/-"],
    &["0", "1", "N"],
    &["N", "120/124", "01230125", "7"],
];

/// Lines of mostly the same number of cells, cells of mostly one sort.
fn file(
    delimiter: char,
    width: usize,
    alphabet: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let join = move |cells: Vec<String>| cells.join(&delimiter.to_string());
    let good = prop::sample::select(alphabet).prop_map(str::to_owned);
    let line = prop_oneof![
        60 => prop::collection::vec(good, width).prop_map(join),
        1 => prop::collection::vec(cell(), width).prop_map(join),
        1 => prop::collection::vec(cell(), 0..6).prop_map(join),
    ];
    let end = prop::sample::select(vec!["\n", "\n", "\n", "\r\n", "\r"]);
    (prop::collection::vec(line, 0..12), end, any::<bool>()).prop_map(|(lines, end, ended)| {
        let text = lines.join(end);
        if ended && !lines.is_empty() { text + end } else { text }
    })
}

/// The lines of a file so many times, if they are short and the last one has an end.
fn repeated(file: &str, times: usize) -> String {
    let is_repeated = file.ends_with(['\n', '\r']) && longest_line(file) < 100;
    file.repeat(if is_repeated { times } else { 1 })
}

fn longest_line(file: &str) -> usize {
    file.split(['\n', '\r']).map(str::len).max().unwrap_or_default()
}

fn table() -> impl Strategy<Value = Table> {
    let of_columns = (0..3usize, 0..4usize, prop::collection::vec(0..4usize, 0..3), any::<bool>());
    let filters = prop::sample::select(vec![("", ""), ("", ""), ("A", ""), ("", "/"), ("/", "4")]);
    let of_columns =
        (of_columns, filters).prop_map(|((line, cell, more, counter), (from, to))| Table {
            name: "plain",
            kind: "CSV_COLUMN",
            at: (line, cell),
            more,
            counter,
            from,
            to,
            calls: "IUPAC",
            turned: false,
        });
    let filters = prop::sample::select(vec![("", ""), ("", ""), ("", "/")]);
    let calls = ["NUCLEOTIDE_2_LETTER", "IUPAC", "DOMINANT_NON_NUCLEOTIDE", "SSR_ALLELE_SIZE"];
    let block =
        (0..2usize, 0..3usize, any::<bool>(), prop::sample::select(calls.to_vec()), any::<bool>());
    let block =
        (block, filters).prop_map(|((line, cell, matrix, calls, turned), (from, to))| Table {
            name: if matrix { "matrix" } else { "block" },
            kind: "CSV_BOTH",
            at: (line, cell),
            more: Vec::new(),
            counter: !matrix && turned,
            from,
            to,
            calls,
            turned: matrix && turned,
        });
    prop_oneof![of_columns, block]
}

fn case() -> impl Strategy<Value = (char, Vec<String>, Vec<Table>)> {
    // Long rows go another way.
    let widths = prop_oneof![9 => 1..5usize, 1 => 400..404usize];
    let of_files = (prop::sample::select(vec!['\t', ',']), widths, 0..ALPHABETS.len());
    of_files.prop_flat_map(|(delimiter, width, sort)| {
        let files = prop::collection::vec(file(delimiter, width, ALPHABETS[sort]), 1..3);
        (Just(delimiter), files, prop::collection::vec(table(), 1..4))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunk_and_any_threads_give_what_the_reference_gives(
        (delimiter, files, mut tables) in case(),
        // Then outputs have many blocks, which are small where memory is.
        times in prop_oneof![3 => Just(1), 1 => Just(200)],
    ) {
        let files: Vec<_> = files.iter().map(|file| repeated(file, times)).collect();
        tables.sort_by_key(|table| table.name);
        tables.dedup_by_key(|table| table.name);
        let reference = Reference { files: &files, delimiter };
        let expected: Option<BTreeMap<String, String>> = tables
            .iter()
            .map(|table| Some((format!("digest.{}", table.name), reference.file(table)?)))
            .collect();
        let mut errors = None;
        let longest = files.iter().map(|file| longest_line(file)).max().unwrap_or_default();
        let little = times * (64 + 2 * longest);
        for (threads, chunk, memory) in [(1, 1 << 20, 1 << 20), (3, 1, little), (2, 9, 3 * little)] {
            let world = World::new();
            for (i, file) in files.iter().enumerate() {
                world.file(&format!("{i}.txt"), file);
            }
            let instruction: Vec<_> = tables.iter().map(|t| t.json(&world, delimiter)).collect();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let options = Options { pool: Some(&pool), chunk, memory, ..Options::default() };
            let outcome = world.digest_with(&json!(instruction).to_string(), &options);
            let mut outputs = world.outputs();
            outputs.retain(|name, _| !name.starts_with("missing."));
            match (&expected, outcome) {
                (Some(expected), Ok(_)) => {
                    for (name, text) in expected {
                        prop_assert_eq!(&String::from_utf8_lossy(&outputs[name]), text, "{}", name);
                    }
                }
                (None, Err(failure)) => {
                    prop_assert!(outputs.is_empty());
                    let said: Vec<_> = failure.report.findings.iter().map(|f| {
                        (f.line, f.column, f.message.clone(), f.cell.clone(), f.table.clone())
                    }).collect();
                    prop_assert_eq!(errors.get_or_insert_with(|| said.clone()), &said);
                }
                (Some(_), Err(failure)) => prop_assert!(false, "it should not fail: {}", failure),
                (None, Ok(_)) => prop_assert!(false, "it should fail"),
            }
        }
    }
}
