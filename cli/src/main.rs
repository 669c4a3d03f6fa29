//! The digester command.

use clap::{Parser, Subcommand};

mod regulator;

#[derive(Debug, Parser)]
#[command(name = "digester", version, about)]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Try strategies on a trace, or make one up
    #[command(subcommand)]
    Regulator(regulator::Command),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().role {
        Role::Regulator(command) => command.run(),
    }
}
