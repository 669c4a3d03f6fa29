//! `digester digest`: one digest, here and now, without any service.

use std::{fs, path::PathBuf, process::ExitCode};

use ::digest::{Failure, Observer, Options, Stage};
use anyhow::Context as _;
use clap::Args as ClapArgs;
use indicatif::{ProgressBar, ProgressStyle};
use schema::{Progress, Report, gobii};

use crate::{data::say, report};

/// Digests one instruction file, with the paths as it has them.
#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The instruction, in any of GOBii's dialects.
    file: PathBuf,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// How many threads parse; all there are by default.
    #[arg(long)]
    threads: Option<usize>,
    /// How many errors are collected before giving up.
    #[arg(long, default_value_t = 20)]
    max_errors: usize,
    /// About how much memory may be used, in MiB.
    #[arg(long, default_value_t = 192)]
    memory: usize,
}

/// Digests, prints the report, and answers 0 if it is done, 1 if it failed.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let bytes = fs::read(&args.file).with_context(|| format!("read {}", args.file.display()))?;
    let outcome = match gobii::LoaderInstruction::parse(&gobii::decode(&bytes)) {
        Ok(instruction) => digest(&instruction, &args)?,
        Err(unreadable) => Err(Report {
            findings: vec![report::unreadable(&args.file, &unreadable)],
            failed_in: Some(Stage::Validation.as_str().to_owned()),
            ..Report::default()
        }),
    };
    let (report, code) = match outcome {
        Ok(report) => (report, ExitCode::SUCCESS),
        Err(report) => (report, ExitCode::FAILURE),
    };
    if args.json {
        say(&serde_json::to_string_pretty(&report)?)?;
    } else {
        report::lines(&report).iter().try_for_each(|line| say(line))?;
    }
    Ok(code)
}

fn digest(
    instruction: &gobii::LoaderInstruction,
    args: &Args,
) -> anyhow::Result<Result<Report, Report>> {
    let threads = args.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.context("start the threads")?;
    let options = Options {
        pool: Some(&pool),
        max_errors: args.max_errors,
        memory: args.memory << 20,
        ..Options::default()
    };
    let bar = Bar::new();
    let outcome = ::digest::digest(instruction, &options, &bar);
    bar.0.finish_and_clear();
    Ok(outcome.map_err(|failure: Failure| *failure.report))
}

/// Shows how far it is, where somebody looks.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let style = "{msg:30} {bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}";
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Observer for Bar {
    fn stage(&self, _: Stage, message: &str) {
        self.0.set_message(message.to_owned());
    }

    fn progress(&self, progress: Progress) {
        self.0.set_length(progress.total);
        self.0.set_position(progress.done);
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}
