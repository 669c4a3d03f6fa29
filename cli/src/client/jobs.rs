//! `digester jobs`.

use std::{collections::HashMap, process::ExitCode, time::Duration};

use console::Term;
use jiff::Timestamp;
use schema::{Job, JobFilter, JobId, JobStatus, Key, Kind, Limit, NodeId};

use super::{
    api::{Api, Common},
    follow::patiently,
    print,
};
use crate::data::say;

/// How often a followed list is asked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

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
    #[arg(long, short = 'n', default_value = "20")]
    limit: Limit,
    /// Where to go on: what the list before said at its end.
    #[arg(long)]
    after: Option<JobId>,
    /// Show the list again and again, until stopped; where nobody looks, a line for every change.
    #[arg(long, short)]
    follow: bool,
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
    let api = args.common.api()?;
    if args.follow {
        return follow(&api, &filter, args.common.json).await;
    }
    let page = api.jobs(&filter).await?;
    if args.common.json {
        say(&serde_json::to_string_pretty(&page)?)?;
    } else {
        print::jobs(&page)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks for the list for ever.
async fn follow(api: &Api, filter: &JobFilter, json: bool) -> anyhow::Result<ExitCode> {
    let terminal = Term::stdout();
    let (mut drawn, mut changes) = (0, Changes::default());
    loop {
        let page = patiently(async || api.jobs(filter).await).await?;
        if terminal.is_term() && !json {
            terminal.clear_last_lines(drawn)?;
            let room = usize::from(terminal.size().0).saturating_sub(1);
            let lines = print::jobs_lines(&page.items);
            drawn = lines.len().min(room);
            lines[..drawn].iter().try_for_each(|line| terminal.write_line(line))?;
        } else {
            changes.of(page.items).iter().try_for_each(|job| print::change(job, json))?;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Tells which jobs of a list changed since the list before.
#[derive(Default)]
struct Changes(HashMap<JobId, Timestamp>);

impl Changes {
    /// Those that changed, oldest first.
    fn of(&mut self, mut jobs: Vec<Job>) -> Vec<Job> {
        let now = jobs.iter().map(|job| (job.id, job.updated_at)).collect();
        let before = std::mem::replace(&mut self.0, now);
        jobs.retain(|job| before.get(&job.id) != Some(&job.updated_at));
        jobs.sort_by_key(|job| job.id);
        jobs
    }
}
