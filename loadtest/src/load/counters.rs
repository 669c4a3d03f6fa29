//! What the database server counts: noise cannot blur it.

use sqlx::PgPool;

/// The counters at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counters {
    wal_bytes: i64,
    wal_syncs: Option<i64>,
    commits: i64,
    writes: i64,
}

/// What was counted in between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// Bytes of the write-ahead log.
    pub(super) wal_bytes: f64,
    /// How often the log was synced, where the server tells.
    pub(super) wal_syncs: Option<f64>,
    /// Transactions committed, reading ones included.
    pub(super) commits: f64,
    /// Transactions that wrote.
    pub(super) writes: f64,
}

impl Counters {
    /// Reads them. Servers count with a delay as long as a connection lives: read them when those
    /// that did the work are closed.
    pub(super) async fn read(db: &PgPool) -> anyhow::Result<Self> {
        let (wal_bytes, commits, writes) = sqlx::query_as(
            r"
            select (pg_current_wal_insert_lsn() - '0/0')::bigint,
                   (select xact_commit from pg_stat_database where datname = current_database()),
                   pg_snapshot_xmax(pg_current_snapshot())::text::bigint
            ",
        )
        .fetch_one(db)
        .await?;
        // Later versions count syncs elsewhere.
        let syncs = sqlx::query_scalar("select wal_sync from pg_stat_wal").fetch_one(db).await;
        Ok(Self { wal_bytes, wal_syncs: syncs.ok(), commits, writes })
    }

    /// What was counted since then. `looks` of our own are left out.
    pub(super) fn since(&self, then: &Self, looks: u64) -> Counted {
        let commits = self.commits - then.commits - i64::try_from(looks).unwrap_or_default();
        Counted {
            wal_bytes: float(self.wal_bytes - then.wal_bytes),
            wal_syncs: self.wal_syncs.zip(then.wal_syncs).map(|(now, then)| float(now - then)),
            commits: float(commits.max(0)),
            writes: float(self.writes - then.writes),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a test are far below 2^52")]
const fn float(count: i64) -> f64 {
    count as f64
}
