//! `loadtest`: how much the whole system carries, and whether it keeps its promises when broken.

mod dice;
mod faults;
mod fill;
mod idle;
mod load;
mod options;
#[cfg(test)]
mod protocol;
mod say;
mod system;

use std::process::ExitCode;

use anyhow::bail;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

/// Loads the whole system, and breaks it: real processes, a real database.
#[derive(Parser)]
#[command(name = "loadtest", version)]
struct Loadtest {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure what the system carries.
    Load(load::Args),
    /// Fill a database with jobs of long ago, to see what their number costs.
    Fill(fill::Args),
    /// Open many connections that say nothing, and see that others are served.
    Idle(idle::Args),
    /// Break things, and check that the promises hold.
    Faults(faults::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = tokio::select! {
        outcome = run(Loadtest::parse().command) => outcome,
        interrupted = interrupted() => interrupted,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say::aside(&format!("loadtest: {error:#}"));
            ExitCode::from(2)
        }
    }
}

/// `false` if a promise was broken.
async fn run(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Load(args) => load::run(args).await,
        Command::Fill(args) => fill::run(args).await,
        Command::Idle(args) => idle::run(args).await,
        Command::Faults(args) => faults::run(args).await,
    }
}

/// Every process started here ends with what started it.
async fn interrupted() -> anyhow::Result<bool> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    bail!("interrupted")
}
