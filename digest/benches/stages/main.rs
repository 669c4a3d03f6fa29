//! Where the time of a digest goes: inputs of a few megabytes whose digests lean on one stage each,
//! from memory to memory where the machine has a file system for that.
//!
//! `cargo bench -p digest@0.1.0 --bench stages`

#![expect(clippy::unwrap_used, reason = "a bench may stop where its data cannot be made")]

#[path = "../data/mod.rs"]
mod data;

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use data::{
    columns, columns_instruction, hapmap, hapmap_instruction, samples, turn_instruction, vcf,
    vcf_instruction,
};
use digest::{Options, Unobserved};
use flate2::{Compression, write::GzEncoder};
use schema::gobii::LoaderInstruction;
use tempfile::TempDir;

/// A folder with an input, and how it is digested.
struct Case {
    home: TempDir,
    instruction: LoaderInstruction,
    bytes: u64,
}

impl Case {
    fn new(write: impl Fn(&Path), instruction: impl Fn(&Path, &Path) -> String) -> Self {
        let memory = Path::new("/dev/shm");
        let home = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        Self::at(home, write, instruction)
    }

    fn at(
        home: TempDir,
        write: impl Fn(&Path),
        instruction: impl Fn(&Path, &Path) -> String,
    ) -> Self {
        let [from, to] = ["in", "out"].map(|name| home.path().join(name));
        fs::create_dir(&from).unwrap();
        write(&from.join("input"));
        let bytes = fs::metadata(from.join("input")).unwrap().len();
        let instruction = LoaderInstruction::parse(&instruction(&from, &to)).unwrap();
        Self { home, instruction, bytes }
    }

    fn input(&self) -> PathBuf {
        self.home.path().join("in/input")
    }

    fn digest(&self, count_calls: bool) {
        let options = Options { count_calls, ..Options::default() };
        digest::digest(&self.instruction, &options, &Unobserved).unwrap();
    }
}

fn two_letters(from: &Path, to: &Path) -> String {
    hapmap_instruction(from, to, "NUCLEOTIDE_2_LETTER")
}

/// Reads and cuts lines, and makes next to nothing of them.
fn read(criterion: &mut Criterion) {
    let only_names = |from: &Path, to: &Path| {
        let tables: serde_json::Value = serde_json::from_str(&two_letters(from, to)).unwrap();
        serde_json::json!([tables[0]]).to_string()
    };
    let plain = Case::new(|path| hapmap(path, 1_600, 2_500, true), only_names);
    let bytes = plain.bytes;
    let gzip = Case::new(|path| fs::copy(plain.input(), path).map(drop).unwrap(), only_names);
    compress(&gzip.input());
    let blocks = Case::new(|path| fs::copy(plain.input(), path).map(drop).unwrap(), only_names);
    compress_blocks(&blocks.input());
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("plain", |bench| bench.iter(|| plain.digest(true)));
    group.bench_function("gzip", |bench| bench.iter(|| gzip.digest(true)));
    group.bench_function("BGZF", |bench| bench.iter(|| blocks.digest(true)));
}

fn compress(path: &Path) {
    let text = fs::read(path).unwrap();
    let mut encoder = GzEncoder::new(File::create(path).unwrap(), Compression::fast());
    encoder.write_all(&text).unwrap();
    encoder.finish().unwrap();
}

/// BGZF: gzip members of 64 KiB that tell their own size.
fn compress_blocks(path: &Path) {
    let text = fs::read(path).unwrap();
    let mut file = Vec::new();
    for part in text.chunks(0xff00).chain([&b""[..]]) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(part).unwrap();
        let member = encoder.finish().unwrap();
        let size = u16::try_from(member.len() + 8 - 1).unwrap().to_le_bytes();
        file.extend_from_slice(&[0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, b'B', b'C', 2, 0]);
        file.extend_from_slice(&size);
        file.extend_from_slice(&member[10..]);
    }
    fs::write(path, file).unwrap();
}

/// Copies calls that stand in the file as they are written, sums them up and brings them to disk.
fn write(criterion: &mut Criterion) {
    let input = |path: &Path| hapmap(path, 3_200, 5_000, true);
    let disk = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let cases = [
        ("to memory, summed up", Case::new(input, two_letters)),
        ("to disk, summed up", Case::at(disk, input, two_letters)),
    ];
    let mut group = criterion.benchmark_group("write");
    for (name, case) in &cases {
        group.throughput(Throughput::Bytes(case.bytes));
        group.bench_function(*name, |bench| bench.iter(|| case.digest(false)));
    }
}

/// Cuts every cell of every line.
fn cut(criterion: &mut Criterion) {
    let case = Case::new(|path| columns(path, 24_000, 50), columns_instruction);
    let mut group = criterion.benchmark_group("cut");
    group.throughput(Throughput::Bytes(case.bytes));
    group.bench_function("ten of fifty columns", |bench| bench.iter(|| case.digest(true)));
}

/// Reads, counts and writes calls.
fn calls(criterion: &mut Criterion) {
    let iupac = |from: &Path, to: &Path| hapmap_instruction(from, to, "IUPAC");
    let cases = [
        ("two letters", Case::new(|path| hapmap(path, 1_100, 2_500, true), two_letters)),
        ("IUPAC", Case::new(|path| hapmap(path, 1_600, 2_500, false), iupac)),
        ("VCF", Case::new(|path| vcf(path, 800, 1_000), vcf_instruction)),
    ];
    let mut group = criterion.benchmark_group("calls");
    for (name, case) in &cases {
        group.throughput(Throughput::Bytes(case.bytes));
        group.bench_function(*name, |bench| bench.iter(|| case.digest(true)));
        group.bench_function(format!("{name}, uncounted"), |bench| {
            bench.iter(|| case.digest(false));
        });
    }
}

/// Turns a matrix.
fn turn(criterion: &mut Criterion) {
    let case = Case::new(|path| samples(path, 1_000, 2_800), turn_instruction);
    let mut group = criterion.benchmark_group("turn");
    group.throughput(Throughput::Bytes(case.bytes));
    group.bench_function("in memory", |bench| bench.iter(|| case.digest(true)));
}

fn short() -> Criterion {
    let second = Duration::from_secs(1);
    Criterion::default().sample_size(20).warm_up_time(second / 2).measurement_time(2 * second)
}

criterion_group! { name = stages; config = short(); targets = read, cut, calls, turn, write }
criterion_main!(stages);
