//! `digester show`.

use std::process::ExitCode;

use schema::{Instruction, Job, JobEvent};
use serde::Serialize;

use super::{api::Common, follow::History, print};
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
        let tell = |event: &JobEvent| say(&format!("  {}", print::event(event)));
        let job = History::of(job.id).behind(&events).tell(&api, true, tell).await?;
        print::settled(&job, false)?;
    }
    Ok(ExitCode::SUCCESS)
}
