//! `digester cancel`.

use std::process::ExitCode;

use super::{api::Common, print};

/// What `cancel` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// The job: its id, or the key of its instruction.
    job: String,
}

/// Ends a job.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let api = args.common.api()?;
    let job = api.cancel(api.resolve(&args.job).await?).await?;
    print::one_line(&job, args.common.json)?;
    Ok(ExitCode::SUCCESS)
}
