//! `digester logs`.

use std::process::ExitCode;

use anyhow::Context as _;
use schema::{JobEvent, Report};

use super::{
    api::Common,
    follow::{History, LOOK_EVERY, patiently},
    print,
};
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
    let mut history = History::of(id);
    loop {
        // The job first: what was told before its end is then in the history.
        let job = patiently(async || api.job(id).await).await?;
        for event in history.news(&api).await? {
            tell(&event, args.common.json)?;
        }
        if job.status.is_settled() || !args.follow {
            if let Some(text) = job.report.filter(|_| !args.common.json) {
                let left: Report = serde_json::from_str(text.get()).context("read the report")?;
                left.findings.iter().try_for_each(|found| say(&report::log_line(found)))?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// One event in one line.
pub(crate) fn tell(event: &JobEvent, json: bool) -> anyhow::Result<()> {
    match json {
        true => say(&serde_json::to_string(event)?),
        false => say(&print::event(event)),
    }
}
