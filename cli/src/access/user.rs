//! `digester user`: accounts, in the database itself, so that there can be a first one.

use std::{path::PathBuf, process::ExitCode};

use anyhow::ensure;
use schema::Grant;
use webservice::{
    access::Accounts,
    config::{DatabaseConfig, DatabaseUrl},
};

use super::list;
use crate::{
    configuration,
    data::say,
    secret,
    terminal::{self, Column, Table},
};

/// Where the accounts are kept.
#[derive(clap::Args)]
pub(crate) struct Where {
    /// The configuration file of the web service.
    #[arg(long, short, env = "DIGESTER_CONFIG")]
    config: Option<PathBuf>,
    /// The database itself, instead.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
}

impl Where {
    async fn open(self) -> anyhow::Result<Accounts> {
        let database = match self.database_url {
            Some(url) => DatabaseConfig::new(DatabaseUrl::new(url)),
            None => {
                let file = self.config.as_deref();
                configuration::section::<webservice::Config>(file, "webservice")?.database
            }
        };
        Accounts::open(&database).await
    }
}

/// What is to be done.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Add an account, or change it; the password is read from standard input.
    Add {
        #[command(flatten)]
        at: Where,
        /// The name to log in with.
        name: String,
        /// What its owner may do: a role (read, submit, operate, admin), a colon, and a crop or *.
        /// Given again, these take the place of the ones before.
        #[arg(long = "grant", value_name = "ROLE:CROP")]
        grants: Vec<Grant>,
        /// Ask for no password: the one there is stays, or a directory knows it.
        #[arg(long)]
        no_password: bool,
    },
    /// List the accounts.
    List {
        #[command(flatten)]
        at: Where,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove an account, with its sessions and tokens.
    Remove {
        #[command(flatten)]
        at: Where,
        /// The name.
        name: String,
    },
}

pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Add { at, name, grants, no_password } => {
            let accounts = at.open().await?;
            let password = (!no_password).then(secret::read_password).transpose()?;
            let grants = (!grants.is_empty()).then_some(grants.as_slice());
            accounts.put(&name, password.as_deref(), grants).await?;
            say(&format!("{name} may come in"))?;
        }
        Command::List { at, json } => {
            let accounts = at.open().await?.list().await?;
            if json {
                say(&serde_json::to_string_pretty(&accounts)?)?;
                return Ok(ExitCode::SUCCESS);
            }
            let mut table = Table::new(["user", "password", "may"].map(Column::plain).into());
            for account in accounts {
                let password = if account.has_password { "here" } else { "elsewhere" };
                let grants = list(&account.grants);
                table.row(vec![account.name.into(), password.to_owned().into(), grants.into()]);
            }
            table.lines(terminal::width()).iter().try_for_each(|line| say(line))?;
        }
        Command::Remove { at, name } => {
            let removed = at.open().await?.remove(&name).await?;
            ensure!(removed, "there is no account {name}");
            say(&format!("{name} is removed, with all sessions and tokens"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
