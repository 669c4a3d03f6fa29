//! A database with jobs of long ago.

use anyhow::Context as _;
use sqlx::PgPool;

use crate::system::{Crowd, crowd};

/// Which database, and how many jobs.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The database; its tables are made if there are none.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    #[command(flatten)]
    crowd: Crowd,
}

/// Makes the tables, and fills them.
pub(crate) async fn run(args: Args) -> anyhow::Result<bool> {
    let db = PgPool::connect(&args.database_url).await.context("connect to the database")?;
    crowd::make_tables(&db).await?;
    crowd::fill(&db, args.crowd).await?;
    Ok(true)
}
