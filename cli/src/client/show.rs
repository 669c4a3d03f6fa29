//! `digester show`.

use std::process::ExitCode;

use schema::{Instruction, Job, JobEvent};
use serde::Serialize;

use super::{
    api::{Api, Common},
    follow::{History, LOOK_EVERY, patiently},
    print,
};
use crate::data::say;

/// What `show` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// The job: its id, or the key of its instruction.
    job: String,
    /// Print the instruction too, as it was sent.
    #[arg(long, short)]
    instruction: bool,
    /// Go on with its history until it has come to its end.
    #[arg(long, short, conflicts_with = "json")]
    follow: bool,
}

#[derive(Serialize)]
struct Whole<'a> {
    job: &'a Job,
    events: &'a [JobEvent],
    #[serde(skip_serializing_if = "Option::is_none")]
    instruction: Option<&'a Instruction>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let api = args.common.api()?;
    let job = api.job(api.resolve(&args.job).await?).await?;
    let events = api.events(job.id, 0).await?;
    let instruction = match args.instruction {
        true => Some(api.instruction(&job.key).await?),
        false => None,
    };
    if args.common.json {
        let whole = Whole { job: &job, events: &events, instruction: instruction.as_ref() };
        say(&serde_json::to_string_pretty(&whole)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    print::job(&job, &events)?;
    if let Some(instruction) = instruction {
        say("\ninstruction")?;
        say(instruction.body.get())?;
    }
    if args.follow && !job.status.is_settled() {
        follow(&api, History::of(job.id).behind(&events)).await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells what comes until the job has come to its end, and what it left.
async fn follow(api: &Api, mut history: History) -> anyhow::Result<()> {
    loop {
        // The job first: what was told before its end is then in the history.
        let job = patiently(async || api.job(history.job()).await).await?;
        for event in history.news(api).await? {
            say(&format!("  {}", print::event(&event)))?;
        }
        if job.status.is_settled() {
            return print::settled(&job, false);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
