//! `digester rerun`.

use std::process::ExitCode;

use super::{api::Common, print, watch};

/// What `rerun` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// The job: its id, or the key of its instruction.
    job: String,
    /// Follow the new job to its end.
    #[arg(long, short)]
    watch: bool,
}

/// Does a settled job over, from the same instruction.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let api = args.common.api()?;
    let job = api.rerun(api.resolve(&args.job).await?).await?;
    if args.watch {
        return watch::to_the_end(&api, job.id, args.common.json).await;
    }
    print::one_line(&job, args.common.json)?;
    Ok(ExitCode::SUCCESS)
}
