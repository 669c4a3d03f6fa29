//! `digester nodes`.

use std::process::ExitCode;

use super::{api::Common, print};
use crate::data::say;

/// What `nodes` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let nodes = args.common.api()?.nodes().await?;
    if args.common.json {
        say(&serde_json::to_string_pretty(&nodes)?)?;
    } else {
        print::nodes(&nodes)?;
    }
    Ok(ExitCode::SUCCESS)
}
