//! Accounts, as an administrator at the command line manages them.

use anyhow::{Context as _, ensure};
use schema::Grant;
use serde_json::json;
use sqlx::PgPool;

use super::{Deed, hash_password};
use crate::{config::DatabaseConfig, store};

/// The accounts in the database.
pub struct Accounts {
    db: PgPool,
}

/// An account, without its password.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Account {
    /// The name to log in with.
    pub name: String,
    /// What its owner may do.
    pub grants: Vec<Grant>,
    /// Whether it has a password of its own; if not, a directory knows it.
    pub has_password: bool,
}

impl Accounts {
    /// The accounts of this database, whose tables are made if they are missing.
    pub async fn open(config: &DatabaseConfig) -> anyhow::Result<Self> {
        store::migrate(config).await.context("bring the tables up to date")?;
        Ok(Self { db: store::pool(config).context("read the database address")? })
    }

    /// Adds an account, or changes it; what is not given stays as it is.
    pub async fn put(
        &self,
        name: &str,
        password: Option<&str>,
        grants: Option<&[Grant]>,
    ) -> anyhow::Result<()> {
        let plain = |c: char| c != ':' && !c.is_control();
        ensure!(
            !name.is_empty() && name.chars().all(plain),
            "{name:?} cannot be a user's name: it must not be empty, nor have a colon in it"
        );
        let detail = json!({"grants": grants, "password": password.is_some()});
        self.note(Deed { detail: Some(detail), ..Deed::new("change account", name) }).await?;
        let hash = password.map(hash_password);
        store::access::put_account(&self.db, name, hash.as_deref(), grants)
            .await
            .context("write the account")
    }

    /// Removes an account, with its sessions and tokens; whether there was one.
    pub async fn remove(&self, name: &str) -> anyhow::Result<bool> {
        self.note(Deed::new("remove account", name)).await?;
        store::access::remove_account(&self.db, name).await.context("remove the account")
    }

    /// Writes down what is about to be done. By whom, only this machine knows.
    async fn note(&self, deed: Deed) -> anyhow::Result<()> {
        store::audit::add(&self.db, &[deed]).await.context("write the audit")
    }

    /// Every account, by name.
    pub async fn list(&self) -> anyhow::Result<Vec<Account>> {
        store::access::accounts(&self.db).await.context("list the accounts")
    }
}
