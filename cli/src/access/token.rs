//! `digester token`: API tokens, for programs.

use std::process::ExitCode;

use schema::{ApiToken, Grant, NewToken};
use uuid::Uuid;

use super::list;
use crate::{client::api::Common, data::say, terminal};

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
                eprintln!("keep it well: it is not shown again. Good until {}", made.expires_at);
            }
        }
        Command::List { common } => {
            let tokens = common.api()?.tokens().await?;
            if common.json {
                say(&serde_json::to_string_pretty(&tokens)?)?;
            } else {
                print(tokens)?;
            }
        }
        Command::Revoke { common, id } => {
            common.api()?.revoke_token(id).await?;
            say(&format!("token {id} is good for nothing any more"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(tokens: Vec<ApiToken>) -> anyhow::Result<()> {
    let head = ["id", "owner", "label", "may", "until"].map(str::to_owned);
    let rows = tokens.into_iter().map(|token| {
        let until = token.expires_at.strftime("%Y-%m-%d %H:%M").to_string();
        [token.id.to_string(), token.owner, token.label, list(&token.grants), until]
    });
    let table = std::iter::once(head).chain(rows).collect();
    terminal::columns(table).iter().try_for_each(|line| say(line))
}
