//! Whole digests, each as a ratio to `cp` of the same input: `cargo bench -p digest@0.1.0 --bench
//! ratios`.
//!
//! Words after `--` choose cases by name, `--runs N` says how often. Every run is a process of its
//! own, the page cache is warm and has nothing left to write, and the programs take turns; the
//! inputs are kept beside the build. A digest is on disk when it ends, a copy by `cp` is not, so
//! `cp` and then `sync` of the copy stands beside it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench talks to whoever runs it")]

mod cancel;
mod cases;
#[path = "../data/mod.rs"]
mod data;
mod timing;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use cases::{CASES, Case};
use digest::{Options, Unobserved};
use schema::gobii::LoaderInstruction;
use timing::{Spread, Took, timed};

/// How often each program runs, unless it is said.
const RUNS: usize = 5;

fn main() {
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [flag, file, counted] = &words[..]
        && flag == "--digest"
    {
        return digest(Path::new(file), counted == "counted");
    }
    let runs = words.iter().position(|word| word == "--runs");
    let runs = runs.map_or(RUNS, |at| words[at + 1].parse().unwrap());
    let wanted: Vec<_> =
        words.iter().filter(|word| word.starts_with(char::is_alphabetic)).collect();
    println!("times in ms: least / median / greatest of {runs}; × are ratios of medians\n");
    println!(
        "| case | MB in | MB out | cp | cp, sync | digest | × cp | × cp by byte | × cp, sync | CPU s | MiB |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for case in CASES {
        let chosen = wanted.iter().any(|word| *word == case.name);
        if chosen || (wanted.is_empty() && !case.huge) {
            Measured::of(case, runs).print(case);
        }
    }
}

/// The child: one digest, then its peak memory and how much it wrote.
fn digest(file: &Path, count_calls: bool) {
    let instruction = LoaderInstruction::parse(&fs::read_to_string(file).unwrap()).unwrap();
    let options = Options { count_calls, ..Options::default() };
    let report = digest::digest(&instruction, &options, &Unobserved).unwrap();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let written: u64 = report.files.iter().map(|file| file.bytes).sum();
    println!("{} {written}", peak.split_whitespace().nth(1).unwrap());
}

/// What was measured of a case.
#[derive(Default)]
struct Measured {
    input: PathBuf,
    copy: Vec<Took>,
    synced_copy: Vec<Took>,
    digest: Vec<Took>,
    peak: u64,
    bytes_in: u64,
    bytes_out: u64,
}

impl Measured {
    fn of(case: &Case, runs: usize) -> Self {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ratios").join(case.name);
        let input = prepare(case, &home);
        let bytes_in = fs::metadata(&input).unwrap().len();
        let mut measured = Self { input, bytes_in, ..Self::default() };
        fs::read(&measured.input).unwrap(); // The page cache is warm from now on.
        for _ in 0..runs {
            measured.copy(&home.join("copy"));
            measured.digest(case, &home);
        }
        measured
    }

    fn copy(&mut self, copy: &Path) {
        settle();
        let copied = timed(Command::new("cp").arg(&self.input).arg(copy));
        let synced = timed(Command::new("sync").arg(copy));
        fs::remove_file(copy).unwrap();
        self.synced_copy.push(copied.then(&synced));
        self.copy.push(copied);
    }

    fn digest(&mut self, case: &Case, home: &Path) {
        settle();
        let mut child = Command::new(env::current_exe().unwrap());
        child.arg("--digest").arg(home.join("instruction.json"));
        let took = timed(child.arg(if case.counted { "counted" } else { "uncounted" }));
        let (peak, written) = took.said.trim().split_once(' ').unwrap();
        self.peak = self.peak.max(peak.parse().unwrap());
        self.bytes_out = written.parse().unwrap();
        self.digest.push(took);
        fs::remove_dir_all(home.join("out")).unwrap();
    }

    fn print(&self, case: &Case) {
        let wall = |times: &[Took]| Spread::of(times.iter().map(|took| took.wall));
        let [copy, synced, digest] =
            [&self.copy, &self.synced_copy, &self.digest].map(|times| wall(times));
        let cpu = Spread::of(self.digest.iter().map(|took| took.processors));
        let ratio = digest.over(&copy);
        let by_byte = ratio * 2.0 * self.bytes_in as f64 / (self.bytes_in + self.bytes_out) as f64;
        let [bytes_in, bytes_out] = [self.bytes_in, self.bytes_out].map(|bytes| bytes as f64 / 1e6);
        println!(
            "| {} | {bytes_in:.1} | {bytes_out:.1} | {copy} | {synced} | {digest} | {ratio:.1} | \
             {by_byte:.1} | {:.1} | {:.2} | {} |",
            case.name,
            digest.over(&synced),
            cpu.median.as_secs_f64(),
            self.peak / 1024,
        );
        for other in case.others {
            others(other, &self.input);
        }
        if case.cancelled {
            self.cancel();
        }
    }

    /// How long this case's digest goes on when it is cancelled.
    fn cancel(&self) {
        let home = self.input.ancestors().nth(2).unwrap();
        let (longest, cut_short) = cancel::longest(&home.join("instruction.json"));
        let longest = longest.as_secs_f64() * 1e3;
        println!("| … cancelled {cut_short} times, at most | | | | | {longest:.0} | | | | | |");
        let _ = fs::remove_dir_all(home.join("out"));
    }
}

/// Whatever was written before is on disk, and delays nobody.
fn settle() {
    assert!(Command::new("sync").status().unwrap().success());
}

/// Other programs on the same input, for a sense of proportion.
fn others(words: &[&str], input: &Path) {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(input);
    let said = match timing::tried(&mut command, 3) {
        Some(times) => Spread::of(times.into_iter()).to_string(),
        None => "not here".to_owned(),
    };
    println!("| `{}` | | | | | {said} | | | | | |", words.join(" ").replace('\n', "\\n"));
}

fn prepare(case: &Case, home: &Path) -> PathBuf {
    let input = home.join("in").join("input.txt");
    fs::create_dir_all(input.parent().unwrap()).unwrap();
    if !input.exists() {
        let part = home.join("part");
        (case.write)(&part);
        fs::rename(part, &input).unwrap();
    }
    let instruction = (case.instruction)(&home.join("in"), &home.join("out"));
    fs::write(home.join("instruction.json"), instruction).unwrap();
    input
}
