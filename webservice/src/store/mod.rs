//! The tables, one function per statement, named by what it is for.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod event;
pub(crate) mod instruction;
pub(crate) mod job;
pub(crate) mod node;
mod patch;
pub(crate) mod retention;
mod row;

pub(crate) use patch::{Advanced, advance};

use std::{sync::LazyLock, time::Duration};

use sqlx::{
    Connection as _, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::config::DatabaseConfig;

/// How long a connection is taken to be well after it was used.
const FRESH: Duration = Duration::from_secs(1);
/// Connections for batches: two acceptances, and a few more for what digester services say.
const BATCH_CONNECTIONS: u32 = 6;

/// A newer version may have been here before: see `migrations/README.md`.
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("../migrations");
    migrations.set_ignore_missing(true);
    migrations
});

fn unlimited(config: &DatabaseConfig) -> Result<PgConnectOptions, sqlx::Error> {
    let options: PgConnectOptions = config.url.reveal().parse()?;
    Ok(options.application_name("digester webservice"))
}

/// How to connect, and how long a statement may take.
fn limited(config: &DatabaseConfig) -> Result<PgConnectOptions, sqlx::Error> {
    let options = unlimited(config)?;
    if config.statement_seconds == 0 {
        return Ok(options);
    }
    let limit = format!("{}s", config.statement_seconds);
    Ok(options.options([
        ("statement_timeout", limit.as_str()),
        ("idle_in_transaction_session_timeout", limit.as_str()),
    ]))
}

/// A pool that connects when first needed: the service starts, and says 503, without a database.
pub(crate) fn pool(config: &DatabaseConfig) -> Result<PgPool, sqlx::Error> {
    Ok(PgPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(config.acquire_timeout())
        .connect_lazy_with(limited(config)?))
}

/// The pool for statements that carry many rows, whose one good plan is known beforehand: look up
/// by key, row by row. Making a plan each time would cost as much as carrying it out, and a plan
/// that was made when a table was small must not read all of it when it has grown.
pub(crate) fn batch_pool(config: &DatabaseConfig) -> Result<PgPool, sqlx::Error> {
    let options = limited(config)?.application_name("digester webservice batches").options([
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
    ]);
    Ok(PgPoolOptions::new()
        .max_connections(BATCH_CONNECTIONS)
        .acquire_timeout(config.acquire_timeout())
        // Asking each time whether the server still answers would double the requests to it.
        .test_before_acquire(false)
        .before_acquire(|connection, past| {
            Box::pin(async move {
                if past.idle_for > FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options))
}

/// Brings the tables to the shape this version knows, however long that takes. A lock keeps other
/// web services from doing so at the same time.
pub(crate) async fn migrate(config: &DatabaseConfig) -> Result<(), MigrateError> {
    let alone = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(config.acquire_timeout())
        .connect_lazy_with(unlimited(config)?);
    let migrated = MIGRATIONS.run(&alone).await;
    alone.close().await;
    migrated
}

/// Whether the database answers, and has its tables.
pub(crate) async fn ping(db: &PgPool) -> sqlx::Result<()> {
    sqlx::query_scalar!("select exists (select from job)").fetch_one(db).await.map(drop)
}
