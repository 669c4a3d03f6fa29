//! The tables, one function per statement, named by what it is for.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod event;
pub(crate) mod instruction;
pub(crate) mod job;
pub(crate) mod node;
pub(crate) mod notification;
mod patch;
pub(crate) mod retention;
mod row;
pub(crate) mod search;

pub(crate) use patch::{Advanced, Speaker, advance};

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

/// Connections for pages: what people look for leaves most of the database to the jobs.
const PAGE_CONNECTIONS: u32 = 4;
/// How long a page's statement may take: nobody waits longer than this for a page.
const PAGE_STATEMENT: &str = "3s";

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

/// The connections, apart by what they are for.
#[derive(Clone)]
pub(crate) struct Pools {
    pub(crate) db: PgPool,
    pub(crate) batches: PgPool,
    pub(crate) pages: PgPool,
}

impl Pools {
    /// Pools that connect when first needed: the service starts, and says 503, without a database.
    pub(crate) fn new(config: &DatabaseConfig) -> Result<Self, sqlx::Error> {
        let options = limited(config)?;
        Ok(Self {
            db: pool(config)?,
            batches: kept_fresh(bounded(config, BATCH_CONNECTIONS))
                .connect_lazy_with(for_batches(options.clone())),
            pages: bounded(config, PAGE_CONNECTIONS).connect_lazy_with(for_pages(options)),
        })
    }

    pub(crate) async fn close(&self) {
        self.db.close().await;
        self.batches.close().await;
        self.pages.close().await;
    }
}

/// The pool for everything small.
pub(crate) fn pool(config: &DatabaseConfig) -> Result<PgPool, sqlx::Error> {
    Ok(bounded(config, config.max_connections).connect_lazy_with(limited(config)?))
}

fn bounded(config: &DatabaseConfig, connections: u32) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(config.acquire_timeout())
}

/// Asking each time whether the server still answers would double the requests to it.
fn kept_fresh(options: PgPoolOptions) -> PgPoolOptions {
    options.test_before_acquire(false).before_acquire(|connection, past| {
        Box::pin(async move {
            if past.idle_for > FRESH {
                connection.ping().await?;
            }
            Ok(true)
        })
    })
}

/// Statements that carry many rows have one good plan, which is known beforehand: look up by key,
/// row by row. Making a plan each time would cost as much as carrying it out, and a plan that was
/// made when a table was small must not read all of it when it has grown.
fn for_batches(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("digester webservice batches").options([
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
    ])
}

/// How best to find something depends on what is looked for, and so does the plan. It is to take no
/// more than its share of the machine, and is too short to be compiled.
fn for_pages(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("digester webservice pages").options([
        ("plan_cache_mode", "force_custom_plan"),
        ("statement_timeout", PAGE_STATEMENT),
        ("max_parallel_workers_per_gather", "0"),
        ("jit", "off"),
    ])
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
