//! `digester token`: API tokens, for programs.

use std::process::ExitCode;

use schema::{ApiToken, Grant, NewToken};
use uuid::Uuid;

use super::list;
use crate::{
    client::{api::Common, print},
    data::say,
    terminal::{self, Column, Table},
};

/// What is to be done.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Make a token; it is shown once.
    Add {
        #[command(flatten)]
        common: Common,
        /// What it is for.
        label: String,
        /// What its bearer may do: a role (read, submit, operate, admin), a colon, and a crop or *.
        #[arg(long = "grant", value_name = "ROLE:CROP", required = true)]
        grants: Vec<Grant>,
        /// For how many days it is good.
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
    /// List the tokens that are good now.
    List {
        #[command(flatten)]
        common: Common,
    },
    /// End a token, at once and for ever.
    Revoke {
        #[command(flatten)]
        common: Common,
        /// The token's id, as the list shows it.
        id: Uuid,
    },
}

pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Add { common, label, grants, days } => {
            let made = common.api()?.make_token(&NewToken { label, grants, days }).await?;
            if common.json {
                say(&serde_json::to_string_pretty(&made)?)?;
            } else {
                say(made.secret.as_deref().unwrap_or_default())?;
                eprintln!(
                    "keep it well: it is not shown again. Good until {}",
                    print::clock(made.expires_at)
                );
            }
        }
        Command::List { common } => {
            let tokens = common.api()?.tokens().await?;
            if common.json {
                say(&serde_json::to_string_pretty(&tokens)?)?;
            } else {
                show(tokens)?;
            }
        }
        Command::Revoke { common, id } => {
            common.api()?.revoke_token(id).await?;
            say(&format!("token {id} is good for nothing any more"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(tokens: Vec<ApiToken>) -> anyhow::Result<()> {
    let mut table = Table::new(["id", "owner", "label", "may", "until"].map(Column::plain).into());
    for token in tokens {
        table.row(vec![
            token.id.to_string().into(),
            token.owner.into(),
            token.label.into(),
            list(&token.grants).into(),
            print::clock(token.expires_at).into(),
        ]);
    }
    table.lines(terminal::width()).iter().try_for_each(|line| say(line))
}
