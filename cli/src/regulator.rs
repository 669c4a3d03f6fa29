//! `digester regulator`: strategies tried on a trace, and traces made up.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use ::regulator::sim::{
    COLUMNS, Generator, Plant, Report, Run, TraceJob, html, read, simulate, write,
};
use ::regulator::{Length, Stack, Strategy};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;

/// What can be done with regulators.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a trace of jobs under one or more strategies and compare how they wait
    #[command(after_long_help = columns())]
    Simulate(Simulate),
    /// Make up a trace: Poisson arrivals of files with heavy-tailed sizes
    #[command(after_long_help = columns())]
    Generate(Generate),
}

/// What is to be simulated.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The trace, as CSV; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    trace: PathBuf,
    /// A strategy, as TOML or JSON; give several to compare them
    #[arg(long, value_name = "FILE", required = true)]
    strategy: Vec<PathBuf>,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
    /// Draw queues, waits and bars on a page that needs nothing but itself
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Cores that running jobs share; if they ask for more together, all slow down alike
    #[arg(long, value_name = "N", value_parser = cores)]
    cores: Option<f64>,
    /// The date and time at which the trace begins, which matters to windows
    #[arg(long, value_name = "TIME", default_value_t = Timestamp::UNIX_EPOCH)]
    begins: Timestamp,
}

/// What trace is to be made up.
#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// How many jobs
    #[arg(long, default_value_t = 1000)]
    jobs: usize,
    /// The mean time between two submissions, such as `10s`
    #[arg(long, value_name = "TIME", default_value_t = Length::secs(5))]
    every: Length,
    /// How many tenants share the node
    #[arg(long, default_value_t = 4)]
    tenants: usize,
    /// How many data sets they load into; 0: no job has a key
    #[arg(long, default_value_t = 200)]
    keys: usize,
    /// The same seed makes the same trace
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write it; standard output by default
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Command {
    /// Does it.
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Simulate(args) => args.run(),
            Self::Generate(args) => args.run(),
        }
    }
}

impl Simulate {
    fn run(&self) -> Result<()> {
        // All strategies are read before the first is run: a typing error should not cost a simulation.
        let strategies: Vec<_> =
            self.strategy.iter().map(|path| strategy(path)).collect::<Result<_>>()?;
        let trace = self.read_trace()?;
        let mut runs = Vec::new();
        for (path, strategy) in self.strategy.iter().zip(&strategies) {
            runs.push(self.simulate(&name(path), strategy, &trace)?);
        }
        if let Some(path) = &self.html {
            std::fs::write(path, html(&trace, &runs))
                .with_context(|| format!("write {}", path.display()))?;
        }
        if self.json {
            let reports: Vec<_> = runs.iter().map(|(report, _)| report).collect();
            serde_json::to_writer_pretty(io::stdout().lock(), &reports)?;
            writeln!(io::stdout().lock())?;
        }
        Ok(())
    }

    fn read_trace(&self) -> Result<Vec<TraceJob>> {
        let from: Box<dyn BufRead> = match self.trace.to_str() {
            Some("-") => Box::new(io::stdin().lock()),
            _ => Box::new(BufReader::new(
                File::open(&self.trace).with_context(|| doing(&self.trace))?,
            )),
        };
        let trace = read(from).with_context(|| doing(&self.trace))?;
        if trace.is_empty() {
            bail!("the trace {} has no jobs", self.trace.display());
        }
        Ok(trace)
    }

    fn simulate(
        &self,
        name: &str,
        strategy: &Strategy,
        trace: &[TraceJob],
    ) -> Result<(Report, Run)> {
        let plant = Plant { cores: self.cores, begins: self.begins };
        let clock = Instant::now();
        let run = simulate(&mut Stack::new(strategy, plant.dawn()), trace, &plant);
        let took = clock.elapsed().as_secs_f64();
        let report = Report::of(name, &run, trace);
        if !self.json {
            writeln!(
                io::stdout().lock(),
                "{report}  simulated    {} events in {took:.2}s\n",
                run.events
            )?;
        }
        Ok((report, run))
    }
}

impl Generate {
    fn run(&self) -> Result<()> {
        let Self { jobs, every, tenants, keys, seed, .. } = *self;
        let trace = Generator { jobs, every: every.0, tenants, keys, seed }.trace();
        match &self.out {
            None => write(&trace, BufWriter::new(io::stdout().lock())).context("write the trace"),
            Some(path) => {
                let doing = || format!("write {}", path.display());
                let file = File::create(path).with_context(doing)?;
                write(&trace, BufWriter::new(file)).with_context(doing)
            }
        }
    }
}

/// Reads a strategy file, TOML or JSON; what is wrong is told with its line.
pub(crate) fn strategy(path: &Path) -> Result<Strategy> {
    let text = std::fs::read_to_string(path).with_context(|| doing(path))?;
    let named = path.extension().is_some_and(|extension| extension == "json");
    let json = named || text.trim_start().starts_with('{');
    let strategy = if json { Strategy::from_json(&text) } else { Strategy::from_toml(&text) };
    strategy.with_context(|| doing(path))
}

fn doing(path: &Path) -> String {
    format!("read {}", path.display())
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn cores(text: &str) -> Result<f64, String> {
    let cores: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    let allowed = (0.001..=1e6).contains(&cores);
    allowed.then_some(cores).ok_or_else(|| "from 0.001 to 1000000 are allowed".to_owned())
}

fn columns() -> String {
    let column = |(name, meaning): &(&str, &str)| format!("  {name:<12} {meaning}");
    let columns: Vec<_> = COLUMNS.iter().map(column).collect();
    format!(
        "Columns of a trace, of which only the first two must be there:\n{}",
        columns.join("\n")
    )
}
