//! `digester`: every role and every question, in one binary.

mod access;
mod check;
mod client;
mod configuration;
mod data;
mod digest;
mod generate;
mod network;
mod operator;
mod postgres;
mod regulator;
mod report;
mod roles;
mod sample;
mod secret;
mod telemetry;
mod terminal;
mod up;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// A job service for digestion: takes instructions, digests genotype files, keeps the history.
#[derive(Parser)]
#[command(name = "digester", version, propagate_version = true)]
struct Digester {
    #[command(subcommand)]
    command: Command,
    /// Write the log as JSON, one object a line.
    #[arg(long, global = true, env = "DIGESTER_LOG_JSON")]
    log_json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything on this machine: database, web service and digester service.
    Up(up::Args),
    /// Run the web service, which keeps instructions and jobs.
    Webservice(roles::Args),
    /// Run the digester service, which digests beside the data.
    Service(roles::Args),
    /// Hand in an instruction.
    Submit(client::submit::Args),
    /// List jobs, newest first.
    Jobs(client::jobs::Args),
    /// List the digester services that made themselves known.
    Nodes(client::nodes::Args),
    /// Show one job: its way, its result, and why it failed.
    Show(client::show::Args),
    /// Follow jobs to their end.
    Watch(client::watch::Args),
    /// Tell what happened to a job, a line each, and what was found in its files.
    Logs(client::logs::Args),
    /// Tell what happens, an event a line: to one job, or to all.
    Events(client::events::Args),
    /// End a job.
    Cancel(client::cancel::Args),
    /// Do a settled job over, from the same instruction.
    Rerun(client::rerun::Args),
    /// Show what would become of an instruction, without executing it.
    Check(check::Args),
    /// List who was told of the ends of jobs, and try again what was given up.
    Notifications(client::notifications::Args),
    /// Digest an instruction file here and now, without any service.
    Digest(digest::Args),
    /// Execute one order of a node: how it runs digests in processes of their own.
    #[command(name = roles::DIGEST_APART, hide = true)]
    DigestApart {
        /// Whether harm may be done to this process.
        #[arg(long)]
        trials: bool,
    },
    /// Make data that looks real, and instructions to load it.
    Sample(sample::Args),
    /// Manage the accounts that may use the service, in its database.
    User {
        #[command(subcommand)]
        command: access::user::Command,
    },
    /// Manage your API tokens.
    Token {
        #[command(subcommand)]
        command: access::token::Command,
    },
    /// Show who did what, newest first.
    Audit(access::audit::Args),
    /// Write a script that completes commands in a shell, to standard output.
    Completions(generate::Completions),
    /// Write manual pages into a folder.
    Man(generate::Man),
    /// Hash a password for the configuration; reads it from standard input.
    HashPassword,
    /// Look at the regulator of a node, change it, and try strategies on a trace.
    Regulator {
        #[command(subcommand)]
        command: operator::Command,
    },
}

fn main() -> ExitCode {
    let Digester { command, log_json } = Digester::parse();
    telemetry::start(log_json, &command);
    match run(command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("digester: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Digest(args) => digest::run(args),
        Command::DigestApart { trials } => roles::digest_apart(trials),
        Command::Sample(args) => sample::run(args),
        Command::HashPassword => secret::hash_password(),
        Command::Completions(args) => Ok(generate::completions(&args, Digester::command())),
        Command::Man(args) => generate::man(&args, Digester::command()),
        command => talk(command),
    }
}

/// Everything that speaks over a network.
fn talk(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Up(args) => up::run(args).await,
            Command::Webservice(args) => roles::webservice(args).await,
            Command::Service(args) => roles::service(args).await,
            Command::Submit(args) => client::submit::run(args).await,
            Command::Check(args) => check::run(args).await,
            Command::Jobs(args) => client::jobs::run(args).await,
            Command::Nodes(args) => client::nodes::run(args).await,
            Command::Show(args) => client::show::run(args).await,
            Command::Watch(args) => client::watch::run(args).await,
            Command::Notifications(args) => client::notifications::run(args).await,
            Command::Logs(args) => client::logs::run(args).await,
            Command::Events(args) => client::events::run(args).await,
            Command::Cancel(args) => client::cancel::run(args).await,
            Command::Rerun(args) => client::rerun::run(args).await,
            Command::User { command } => access::user::run(command).await,
            Command::Token { command } => access::token::run(command).await,
            Command::Audit(args) => access::audit::run(args).await,
            Command::Regulator { command } => operator::run(command).await,
            Command::Digest(_)
            | Command::DigestApart { .. }
            | Command::Sample(_)
            | Command::HashPassword
            | Command::Completions(_)
            | Command::Man(_) => unreachable!("done without a runtime"),
        }
    })
}
