//! `digester logs`.

use std::process::ExitCode;

use anyhow::Context as _;
use schema::{JobEvent, Report};

use super::{api::Common, follow::History, print};
use crate::{data::say, report};

/// What `logs` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// The job: its id, or the key of its instruction.
    job: String,
    /// Go on until the job has come to its end.
    #[arg(long, short)]
    follow: bool,
}

/// What happened to a job, a line each, and at its end what was found in its files.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let api = args.common.api()?;
    let id = api.resolve(&args.job).await?;
    let json = args.common.json;
    let job = History::of(id).tell(&api, args.follow, |event| tell(event, json)).await?;
    if let Some(text) = job.report.filter(|_| !json) {
        let left: Report = serde_json::from_str(text.get()).context("read the report")?;
        left.findings.iter().try_for_each(|found| say(&report::log_line(found)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One event in one line.
pub(crate) fn tell(event: &JobEvent, json: bool) -> anyhow::Result<()> {
    match json {
        true => say(&serde_json::to_string(event)?),
        false => say(&print::event(event)),
    }
}
