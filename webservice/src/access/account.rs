//! Accounts, as an administrator at the command line manages them.

use anyhow::{Context as _, ensure};
use schema::Grant;
use sqlx::PgPool;

use super::hash_password;
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
        let hash = password.map(hash_password);
        store::access::put_account(&self.db, name, hash.as_deref(), grants)
            .await
            .context("write the account")
    }

    /// Removes an account, with its sessions and tokens; whether there was one.
    pub async fn remove(&self, name: &str) -> anyhow::Result<bool> {
        store::access::remove_account(&self.db, name).await.context("remove the account")
    }

    /// Every account, by name.
    pub async fn list(&self) -> anyhow::Result<Vec<Account>> {
        store::access::accounts(&self.db).await.context("list the accounts")
    }
}
