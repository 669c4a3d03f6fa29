//! What it means that the process of a digest died.

use std::{fs, os::unix::process::ExitStatusExt as _, process::ExitStatus};

use rustix::process::Signal;
use schema::{Finding, Report, Severity};
use serde_json::value::{RawValue, to_raw_value};

use super::{Sandbox, attend::Death};
use crate::Outcome;

/// How Rust says that there is no memory, before it aborts.
const NO_MEMORY: &str = "memory allocation of";

/// The failure of its job, and of no other. `is_oom`: the kernel ended processes meanwhile, for want
/// of memory.
pub(super) fn outcome(how: &Death, is_oom: bool, sandbox: &Sandbox, stage: String) -> Outcome {
    let Verdict { problem, remedy, is_out_of_memory } = Verdict::of(how, is_oom, sandbox);
    let report = report(&problem, remedy, stage);
    match is_out_of_memory {
        true => Outcome::OutOfMemory { message: problem, report },
        false => Outcome::Failed { message: problem, report },
    }
}

/// The failure of a digest that was ended since it held what it may not.
pub(super) fn refused(why: String, stage: String) -> Outcome {
    let remedy = "wait until other loads are done, or ask the operator for more room";
    let report = report(&why, remedy, stage);
    Outcome::Failed { message: why, report }
}

fn report(problem: &str, remedy: &str, stage: String) -> Option<Box<RawValue>> {
    let finding = Finding::new(Severity::Error, problem.to_owned()).remedy(remedy);
    let failed_in = Some(stage).filter(|stage| !stage.is_empty());
    let report = Report { findings: vec![finding], failed_in, ..Report::default() };
    Some(to_raw_value(&report).expect("a report has only text and numbers"))
}

/// What a death means, where nothing was to be written.
pub(super) fn words(how: &Death, is_oom: bool, sandbox: &Sandbox) -> String {
    Verdict::of(how, is_oom, sandbox).problem
}

struct Verdict {
    problem: String,
    remedy: &'static str,
    is_out_of_memory: bool,
}

impl Verdict {
    fn of(how: &Death, is_oom: bool, sandbox: &Sandbox) -> Self {
        match how {
            Death::Babbled(error) => Self::strange(&error.to_string()),
            Death::Silent { status, words } => match status.and_then(|status| status.signal()) {
                Some(signal) => Self::of_signal(signal, words, is_oom, sandbox),
                None => Self::strange(&exit(*status, words)),
            },
        }
    }

    fn of_signal(signal: i32, words: &str, is_oom: bool, sandbox: &Sandbox) -> Self {
        let is = |wanted: Signal| signal == wanted.as_raw();
        if is(Signal::ABORT) && words.contains(NO_MEMORY) {
            let limit = sandbox.memory;
            let problem = format!("the digest ran out of memory at its limit of {limit}");
            let remedy = "load less at once, or ask the operator to raise `sandbox.memory`";
            return Self { problem, remedy, is_out_of_memory: true };
        }
        if is(Signal::KILL) && is_oom {
            let problem = "the machine ran out of memory, and ended the digest".to_owned();
            let remedy =
                "run the job again, alone; if it ends so again, ask the operator for more memory";
            return Self { problem, remedy, is_out_of_memory: true };
        }
        let (problem, remedy) = if is(Signal::XFSZ) {
            let problem = "the digest was ended: it wrote a larger file than it may".to_owned();
            (problem, "ask the operator for larger files")
        } else {
            let (name, last) = (name(signal), last_of(words));
            let problem = format!("the digest was ended by signal {signal}{name}{last}");
            (problem, "run the job again; if it ends so again, the file is worth a closer look")
        };
        Self { problem, remedy, is_out_of_memory: false }
    }

    fn strange(what: &str) -> Self {
        let problem = format!("the process of the digest did not end as it should: {what}");
        Self { problem, remedy: "the log of the node tells more", is_out_of_memory: false }
    }
}

fn exit(status: Option<ExitStatus>, words: &str) -> String {
    let code = status.and_then(|status| status.code());
    let code = code.map_or("nobody knows how".to_owned(), |code| format!("exit code {code}"));
    code + &last_of(words)
}

/// The last line of what it said, if it said something.
fn last_of(words: &str) -> String {
    words.lines().last().map(|last| format!(", “{last}”")).unwrap_or_default()
}

fn name(signal: i32) -> &'static str {
    match Signal::from_named_raw(signal) {
        Some(Signal::KILL) => " (SIGKILL)",
        Some(Signal::ABORT) => " (SIGABRT)",
        Some(Signal::SEGV) => " (SIGSEGV)",
        Some(Signal::BUS) => " (SIGBUS)",
        Some(Signal::TERM) => " (SIGTERM)",
        _ => "",
    }
}

/// How often the kernel has ended a process for want of memory; 0 where it does not tell.
pub(super) fn oom_kills() -> u64 {
    let text = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: i32, words: &str, is_oom: bool) -> (bool, String) {
        let status = Some(ExitStatus::from_raw(status));
        let how = Death::Silent { status, words: words.to_owned() };
        match outcome(&how, is_oom, &Sandbox::default(), "digest".to_owned()) {
            Outcome::OutOfMemory { message, .. } => (true, message),
            Outcome::Failed { message, report } => {
                let report: Report = serde_json::from_str(report.unwrap().get()).unwrap();
                assert_eq!(report.findings[0].message, message);
                assert_eq!(report.failed_in.as_deref(), Some("digest"));
                (false, message)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_death_is_told_in_words_and_memory_is_told_from_the_rest() {
        let told = |(is_memory, message): (bool, String), wanted: &str| {
            assert!(message.contains(wanted), "{message}");
            is_memory
        };
        assert!(told(ended(6, "memory allocation of 9 bytes failed", false), "limit of 4.0 GiB"));
        assert!(told(ended(9, "", true), "the machine ran out of memory"));
        assert!(!told(ended(9, "", false), "signal 9 (SIGKILL)"));
        assert!(!told(ended(6, "a\nassertion", true), "signal 6 (SIGABRT), “assertion”"));
        assert!(!told(ended(11, "", false), "signal 11 (SIGSEGV)"));
        assert!(!told(ended(25, "", false), "a larger file than it may"));
        assert!(!told(ended(1 << 8, "a\nno thread", false), "exit code 1, “no thread”"));
    }
}
