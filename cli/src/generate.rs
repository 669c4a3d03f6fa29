//! What is made of the command line's own description: completions and manual pages.

use std::{fs, io::stdout, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Command;
use clap_complete::Shell;

/// What `completions` is told.
#[derive(clap::Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

/// What `man` is told.
#[derive(clap::Args)]
pub(crate) struct Man {
    /// The folder to write to; made if it is missing.
    folder: PathBuf,
}

/// Writes a script for the shell to standard output.
pub(crate) fn completions(args: &Completions, mut command: Command) -> ExitCode {
    clap_complete::generate(args.shell, &mut command, "digester", &mut stdout());
    ExitCode::SUCCESS
}

/// Writes a page for each command.
pub(crate) fn man(args: &Man, command: Command) -> anyhow::Result<ExitCode> {
    let folder = &args.folder;
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let written = clap_mangen::generate_to(command, folder);
    written.with_context(|| format!("write to {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}
