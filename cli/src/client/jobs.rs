//! `digester jobs`.

use std::process::ExitCode;

use schema::{JobFilter, JobStatus, Key, Kind, NodeId};

use super::{api::Common, print};
use crate::data::say;

/// What `jobs` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// Only jobs with this status: submitted, running, completed, failed or cancelled.
    #[arg(long)]
    status: Option<JobStatus>,
    /// Only jobs that are still to be done.
    #[arg(long)]
    unsettled: bool,
    /// Only jobs of this kind.
    #[arg(long)]
    kind: Option<Kind>,
    /// Only jobs of this tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Only jobs that this node holds.
    #[arg(long)]
    node: Option<NodeId>,
    /// Only jobs of this instruction.
    #[arg(long)]
    key: Option<Key>,
    /// How many at most.
    #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Where to go on: what the list before said at its end.
    #[arg(long)]
    after: Option<schema::JobId>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let filter = JobFilter {
        status: args.status,
        settled: args.unsettled.then_some(false),
        kind: args.kind,
        tenant: args.tenant,
        node: args.node,
        key: args.key,
        instructions: false,
        after: args.after,
        limit: Some(args.limit),
    };
    let page = args.common.api()?.jobs(&filter).await?;
    if args.common.json {
        say(&serde_json::to_string_pretty(&page)?)?;
    } else {
        print::jobs(&page)?;
    }
    Ok(ExitCode::SUCCESS)
}
