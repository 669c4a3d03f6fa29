//! `digester notifications`.

use std::process::ExitCode;

use schema::{JobId, Limit, NotificationFilter, NotificationStatus};

use super::{api::Common, print};
use crate::data::say;

/// What `notifications` is told.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(flatten)]
    list: List,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Which ones to list.
#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    common: Common,
    /// Only those that are pending, sent or dead; those that are dead were given up.
    #[arg(long)]
    status: Option<NotificationStatus>,
    /// Only those of this job.
    #[arg(long)]
    job: Option<JobId>,
    /// How many at most.
    #[arg(long, short = 'n', default_value = "20")]
    limit: Limit,
    /// Where to go on: what the list before said at its end.
    #[arg(long)]
    after: Option<i64>,
}

/// What can be done with them.
#[derive(clap::Subcommand)]
enum Command {
    /// Try one again that was given up.
    Resend {
        #[command(flatten)]
        common: Common,
        /// Its number.
        id: i64,
    },
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.command {
        Some(Command::Resend { common, id }) => {
            common.api()?.resend(id).await?;
            say(&format!("notification {id} is tried again"))?;
        }
        None => list(args.list).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(args: List) -> anyhow::Result<()> {
    let List { common, status, job, limit, after } = args;
    let filter = NotificationFilter { status, job, after, limit: Some(limit) };
    let page = common.api()?.notifications(&filter).await?;
    match common.json {
        true => say(&serde_json::to_string_pretty(&page)?),
        false => print::notifications(&page),
    }
}
