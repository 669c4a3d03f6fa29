//! `digester audit`: who did what.

use std::process::ExitCode;

use schema::{AuditEntry, AuditFilter, Limit};

use crate::{
    client::{api::Common, print},
    data::say,
    terminal,
};

/// What `audit` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// Only what this user did.
    #[arg(long)]
    actor: Option<String>,
    /// Only this: login, create, read, cancel, rerun, …
    #[arg(long)]
    action: Option<String>,
    /// Only what was done to this job, instruction or token.
    #[arg(long)]
    object: Option<String>,
    /// Only what was refused.
    #[arg(long)]
    refused: bool,
    /// Everything, not only the newest; as JSON, one object a line, it is an export.
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let api = args.common.api()?;
    let mut filter = AuditFilter {
        actor: args.actor,
        action: args.action,
        object: args.object,
        allowed: args.refused.then_some(false),
        after: None,
        limit: args.all.then_some(Limit::MOST),
    };
    loop {
        let page = api.audit(&filter).await?;
        for entry in &page.items {
            say(&if args.common.json { serde_json::to_string(entry)? } else { line(entry) })?;
        }
        filter.after = page.next.as_deref().map(str::parse).transpose()?;
        if filter.after.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
        if !args.all {
            if !args.common.json {
                say(&terminal::faint("there are more: --all"))?;
            }
            return Ok(ExitCode::SUCCESS);
        }
    }
}

fn line(entry: &AuditEntry) -> String {
    let at = print::clock(entry.at);
    let actor = entry.actor.as_deref().unwrap_or("somebody");
    let origin = entry.origin.as_deref().unwrap_or("?");
    let object = entry.object.as_deref().unwrap_or_default();
    let refused = if entry.allowed { "" } else { "  REFUSED" };
    let line = format!("{at}  {actor:16} {origin:15} {:14} {object}{refused}", entry.action);
    // Who failed to log in chose the name.
    terminal::plain(&line)
}
