//! `digester submit`.

use std::{convert::Infallible, fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use schema::{Key, Kind, NewInstruction, Notify};
use serde_json::value::RawValue;

use super::{api::Common, print, watch};

/// What `submit` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// The instruction, a JSON file. `-` reads standard input.
    file: PathBuf,
    /// Which digester executes it.
    #[arg(long, default_value = "loader")]
    kind: Kind,
    /// The name to keep it under; made up when absent.
    #[arg(long)]
    key: Option<Key>,
    /// Whose it is: a crop, a project, a group.
    #[arg(long)]
    tenant: Option<String>,
    /// Who is told when the job has come to its end: a URL or an e-mail address. May be repeated.
    #[arg(long, value_parser = notify)]
    notify: Vec<Notify>,
    /// Follow the job to its end.
    #[arg(long, short)]
    watch: bool,
}

fn notify(text: &str) -> Result<Notify, Infallible> {
    let is_url = text.contains("://");
    Ok(if is_url { Notify::Webhook(text.to_owned()) } else { Notify::Email(text.to_owned()) })
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let api = args.common.api()?;
    let new = NewInstruction {
        key: args.key,
        kind: args.kind,
        tenant: args.tenant,
        submitted_by: std::env::var("USER").ok(),
        parent: None,
        traceparent: None,
        notify: args.notify,
        body: read(&args.file)?,
    };
    let job = api.submit(&new).await?.job;
    if args.watch {
        return watch::to_the_end(&api, job.id, args.common.json).await;
    }
    print::one_line(&job, args.common.json)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn read(file: &PathBuf) -> anyhow::Result<Box<RawValue>> {
    let text = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin()).context("read standard input")?
    } else {
        fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?
    };
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))
}
