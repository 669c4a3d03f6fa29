//! The tables, one function per statement, named by what it is for.

pub(crate) mod event;
pub(crate) mod instruction;
pub(crate) mod job;
pub(crate) mod node;
mod patch;
mod row;

pub(crate) use patch::{Advanced, advance};

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::config::DatabaseConfig;

/// Connections for batches: two acceptances, and a few more for what digester services say.
const BATCH_CONNECTIONS: u32 = 6;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// A pool that connects when first needed: the service starts, and says 503, without a database.
pub(crate) fn pool(config: &DatabaseConfig) -> Result<PgPool, sqlx::Error> {
    let options: PgConnectOptions = config.url.reveal().parse()?;
    Ok(PgPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(config.acquire_timeout())
        .connect_lazy_with(options.application_name("digester webservice")))
}

/// The pool for statements that carry many rows, whose one good plan is known beforehand: look up
/// by key, row by row. Making a plan each time would cost as much as carrying it out, and a plan
/// that was made when a table was small must not read all of it when it has grown.
pub(crate) fn batch_pool(config: &DatabaseConfig) -> Result<PgPool, sqlx::Error> {
    let options: PgConnectOptions = config.url.reveal().parse()?;
    let options = options.application_name("digester webservice batches").options([
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
    ]);
    Ok(PgPoolOptions::new()
        .max_connections(BATCH_CONNECTIONS)
        .acquire_timeout(config.acquire_timeout())
        .connect_lazy_with(options))
}

/// Brings the tables to the shape this version knows.
pub(crate) async fn migrate(db: &PgPool) -> Result<(), sqlx::migrate::MigrateError> {
    MIGRATIONS.run(db).await
}

/// Whether the database answers, and has its tables.
pub(crate) async fn ping(db: &PgPool) -> sqlx::Result<()> {
    sqlx::query_scalar!("select exists (select from job)").fetch_one(db).await.map(drop)
}
