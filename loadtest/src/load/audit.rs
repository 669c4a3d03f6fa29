//! Loss, counted id by id.

use schema::JobId;
use sqlx::PgPool;

/// How many of these jobs are missing, unsettled, or settled more than once.
pub(super) async fn lost(db: &PgPool, accepted: &[JobId]) -> anyhow::Result<u64> {
    let ids: Vec<_> = accepted.iter().map(|id| id.0).collect();
    let lost: i64 = sqlx::query_scalar(
        r"
        select count(*)
          from unnest($1::uuid[]) as accepted (id)
          left join job using (id)
         where job.settled_at is null
            or (select count(*) from job_event
                 where job_event.job = accepted.id
                   and job_event.status in ('completed', 'failed', 'cancelled')) <> 1
        ",
    )
    .bind(ids)
    .fetch_one(db)
    .await?;
    Ok(lost.unsigned_abs())
}

/// How many of these jobs are missing.
pub(super) async fn missing(db: &PgPool, accepted: &[JobId]) -> anyhow::Result<u64> {
    let ids: Vec<_> = accepted.iter().map(|id| id.0).collect();
    let missing: i64 = sqlx::query_scalar(
        r"
        select count(*)
          from unnest($1::uuid[]) as accepted (id)
          left join job using (id)
         where job.id is null
        ",
    )
    .bind(ids)
    .fetch_one(db)
    .await?;
    Ok(missing.unsigned_abs())
}
