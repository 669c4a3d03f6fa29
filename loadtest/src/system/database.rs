//! The database of one system, and what is read from it behind the services' backs.

use std::time::Duration;

use anyhow::Context as _;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{address::with_database, crowd};

/// How long a look may wait for the server, which may just be restarting.
const PATIENCE: Duration = Duration::from_secs(30);

/// A database, of our own if nobody gave one. It stays when this is dropped: the server may be gone.
pub(crate) struct Database {
    /// The address for clients.
    pub(crate) url: String,
    own: Option<Own>,
    pool: PgPool,
}

/// Where we made a database.
struct Own {
    server: String,
    name: String,
}

impl Database {
    pub(super) async fn make(server: &str, name: &str) -> anyhow::Result<Self> {
        let mut connection = connect(server).await?;
        let make = format!("drop database if exists {name} with (force); create database {name}");
        for statement in make.split("; ") {
            let statement = AssertSqlSafe(statement.to_owned());
            sqlx::raw_sql(statement).execute(&mut connection).await.context("make a database")?;
        }
        connection.close().await?;
        let own = Own { server: server.to_owned(), name: name.to_owned() };
        Self::at(with_database(server, name), Some(own))
    }

    /// One that is there, and stays.
    pub(crate) fn given(url: String) -> anyhow::Result<Self> {
        Self::at(url, None)
    }

    fn at(url: String, own: Option<Own>) -> anyhow::Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(PATIENCE);
        let pool = pool.connect_lazy_with(options.disable_statement_logging());
        Ok(Self { url, own, pool })
    }

    /// Connections for looking at the tables.
    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Does away with it, if it is ours and the server still answers.
    pub(crate) async fn drop_it(self) {
        self.pool.close().await;
        let Some(own) = self.own else { return };
        if let Ok(mut connection) = connect(&own.server).await {
            let statement = format!("drop database if exists {} with (force)", own.name);
            drop(sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await);
        }
    }

    /// Whether nothing is left to settle that came over HTTP; cheap however many jobs there are.
    pub(crate) async fn is_carried(&self) -> anyhow::Result<bool> {
        let look = "select not exists (select from job where settled_at is null and id > $1)";
        Ok(sqlx::query_scalar(look).bind(crowd::last()).fetch_one(&self.pool).await?)
    }

    /// Whether nothing is left to settle; cheap however many jobs there are.
    pub(crate) async fn is_settled(&self) -> anyhow::Result<bool> {
        let look = "select not exists (select from job where settled_at is null)";
        Ok(sqlx::query_scalar(look).fetch_one(&self.pool).await?)
    }
}

async fn connect(url: &str) -> anyhow::Result<PgConnection> {
    PgConnection::connect(url).await.context("connect to the database server")
}
