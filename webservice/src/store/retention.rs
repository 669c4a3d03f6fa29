//! What may go after a while: settled jobs with all that tells of them, and instructions that no job
//! needs any more.

use std::time::Duration;

use jiff::Timestamp;
use schema::JobId;
use sqlx::PgPool;
use uuid::Uuid;

/// Deletes some jobs that settled more than so many days ago, the oldest first, with their events
/// and reports, and those of their instructions that no other job uses; returns how many jobs.
///
/// The instructions are locked first, and looked at again in a second statement: a job that is done
/// over meanwhile either is seen then, or finds that its instruction is gone.
pub(crate) async fn forget(db: &PgPool, days: u32, batch: u32) -> sqlx::Result<u64> {
    let mut transaction = db.begin().await?;
    let found = sqlx::query!(
        r#"
        select job.id, job.key
          from job
          join instruction using (key)
         where job.settled_at < now() - make_interval(days => $1)
           and job.id < $3
         order by job.id
         limit $2
           for update of instruction, job skip locked
        "#,
        i32::try_from(days).unwrap_or(i32::MAX),
        i64::from(batch),
        made_before(days),
    )
    .fetch_all(&mut *transaction)
    .await?;
    let ids: Vec<_> = found.iter().map(|row| row.id).collect();
    let keys: Vec<_> = found.into_iter().map(|row| row.key).collect();
    let deleted = sqlx::query_scalar!(
        r#"
        with gone as (delete from job where id = any($1) returning id),
        told as (delete from job_event where job = any($1)),
        reported as (delete from job_report where job = any($1)),
        notified as (delete from notification where job = any($1)),
        unused as (
            delete from instruction
             where key = any($2)
               and not exists (select from job
                                where job.key = instruction.key and job.id <> all($1))
        )
        select count(*) as "count!" from gone
        "#,
        &ids,
        &keys,
    )
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(deleted.unsigned_abs())
}

/// Deletes nodes that were not heard for so many days and have nothing to do; returns how many.
pub(crate) async fn forget_nodes(db: &PgPool, days: u32) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        r#"
        delete from node
         where seen_at < now() - make_interval(days => $1)
           and lease_until < now()
           and not exists (select from job where job.node = node.id and job.settled_at is null)
        "#,
        i32::try_from(days).unwrap_or(i32::MAX),
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}

/// Less than the ids of all jobs made since so many days: what settled before was made before, and
/// looking for it must not mean looking at everything.
fn made_before(days: u32) -> Uuid {
    let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    JobId::first_at(Timestamp::now().saturating_sub(age).unwrap_or(Timestamp::UNIX_EPOCH)).0
}
