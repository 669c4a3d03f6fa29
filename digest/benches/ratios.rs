//! Whole digests, each as a ratio to `cp` of the same input: `cargo bench -p digest@0.1.0`.
//!
//! Words after `--` choose cases by name. Every run is a process of its own, page cache warm, the
//! programs taking turns; the inputs are kept beside the build. `--runs N` says how often.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench talks to whoever runs it")]

mod data;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use data::{CASES, Case};
use digest::{Options, Unobserved};
use schema::gobii::LoaderInstruction;

/// How often each program runs, unless it is said.
const RUNS: usize = 5;

fn main() {
    let words: Vec<String> = env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [flag, file] = &words[..]
        && flag == "--digest"
    {
        return digest(Path::new(file));
    }
    let runs = words.iter().position(|word| word == "--runs");
    let runs = runs.map_or(RUNS, |at| words[at + 1].parse().unwrap());
    let wanted: Vec<_> =
        words.iter().filter(|word| word.starts_with(char::is_alphabetic)).collect();
    println!(
        "{:11} {:>7} {:>22} {:>26} {:>7} {:>6}",
        "case", "MB", "cp ms", "digest ms", "ratio", "MiB"
    );
    for case in CASES {
        let chosen = wanted.iter().any(|word| *word == case.name);
        if chosen || (wanted.is_empty() && !case.huge) {
            run(case, runs);
        }
    }
}

/// The child: one digest, then its peak memory.
fn digest(file: &Path) {
    let instruction = LoaderInstruction::parse(&fs::read_to_string(file).unwrap()).unwrap();
    let report = digest::digest(&instruction, &Options::default(), &Unobserved).unwrap();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let stages: Vec<_> = report.stages.iter().map(|stage| stage.duration_ms).collect();
    println!("{} {stages:?}", peak.split_whitespace().nth(1).unwrap());
}

fn run(case: &Case, runs: usize) {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ratios").join(case.name);
    let input = prepare(case, &home);
    let bytes = fs::metadata(&input).unwrap().len();
    let copy = home.join("copy");
    let (mut cp, mut ours, mut peak, mut stages) = (Vec::new(), Vec::new(), 0, String::new());
    let mut cpu = Vec::new();
    for _ in 0..runs {
        let _ = fs::remove_file(&copy);
        cp.push(timed(Command::new("cp").arg(&input).arg(&copy)).0);
        let _ = fs::remove_file(&copy);
        let _ = fs::remove_dir_all(home.join("out"));
        let mut child = Command::new(env::current_exe().unwrap());
        let (time, processors, said) =
            timed(child.arg("--digest").arg(home.join("instruction.json")));
        ours.push(time);
        cpu.push(processors);
        let (kib, rest) = said.trim().split_once(' ').unwrap();
        (peak, stages) = (peak.max(kib.parse::<u64>().unwrap()), rest.to_owned());
    }
    let _ = fs::remove_dir_all(home.join("out"));
    let [copied, digested] = [&mut cp, &mut ours].map(|times| Spread::of(times));
    let ratio = digested.median.as_secs_f64() / copied.median.as_secs_f64();
    let cpu = Spread::of(&mut cpu);
    println!(
        "{:11} {:>7.1} {copied:>22} {digested:>26} {ratio:>7.2} {cpu:>22} {:>6}   {stages}",
        case.name,
        bytes as f64 / 1e6,
        peak / 1024
    );
    for other in case.others {
        others(other, &input);
    }
}

/// Other programs on the same input, for a sense of proportion.
fn others(words: &[&str], input: &Path) {
    let run = || {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(input).stdout(Stdio::null());
        let begun = Instant::now();
        command.status().ok().filter(|status| status.success()).map(|_| begun.elapsed())
    };
    match (0..3).map(|_| run()).collect::<Option<Vec<_>>>() {
        Some(mut times) => println!("{:41} {:>26}", words.join(" "), Spread::of(&mut times)),
        None => println!("{:41} {:>26}", words.join(" "), "not here"),
    }
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

/// What a program took: time on the wall, time of processors, and what it said.
fn timed(command: &mut Command) -> (Duration, Duration, String) {
    let (begun, before) = (Instant::now(), processors());
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    let time = begun.elapsed();
    assert!(output.status.success());
    (time, processors() - before, String::from_utf8(output.stdout).unwrap())
}

/// The time that processors gave to all children so far, in steps of 10 ms.
fn processors() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks = after_name.split_whitespace().skip(13).take(2).map(|n| n.parse::<u64>().unwrap());
    Duration::from_millis(10 * ticks.sum::<u64>())
}

/// Least, median and greatest.
struct Spread {
    least: Duration,
    median: Duration,
    greatest: Duration,
}

impl Spread {
    fn of(times: &mut [Duration]) -> Self {
        times.sort();
        let (least, greatest) = (times[0], times[times.len() - 1]);
        Self { least, median: times[times.len() / 2], greatest }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [least, median, greatest] =
            [self.least, self.median, self.greatest].map(|time| time.as_secs_f64() * 1e3);
        f.pad(&format!("{least:.0} / {median:.0} / {greatest:.0}"))
    }
}
