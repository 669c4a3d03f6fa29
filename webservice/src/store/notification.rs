//! `notification`: what is told of the ends of jobs. The statements that settle jobs write it.

use std::time::Duration;

use schema::{JobId, Notification, NotificationFilter, NotificationStatus, Notify};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::job::COUNTED;
use super::row::{signed, storable, undecodable, unsigned};

/// Something to tell, taken for a while.
pub(crate) struct Due {
    pub(crate) id: i64,
    pub(crate) job: JobId,
    pub(crate) to: Notify,
    /// How often it was tried, this try included.
    pub(crate) tries: u32,
}

/// What is told apart from the rest, so that nobody waits for who is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Webhooks and letters.
    People,
    /// Other servers that are shown how jobs stand.
    Mirrors,
}

/// Takes what is due, the longest due first: nobody else tries it for as long as `lease`. Who dies
/// over it leaves it to be tried again.
pub(crate) async fn claim(
    db: impl PgExecutor<'_>,
    lane: Lane,
    limit: u32,
    lease: Duration,
) -> sqlx::Result<Vec<Due>> {
    let rows = sqlx::query!(
        r#"
        with due as (
            select id
              from notification
             where status = 'pending'
               and next_at <= now()
               and (target -> 'mirror' is not null) = $3
             order by next_at
             limit $1
               for update skip locked
        )
        update notification
           set next_at = now() + make_interval(secs => $2), tries = tries + 1, updated_at = now()
          from due
         where notification.id = due.id
        returning notification.id, job, target::text as "target!", tries
        "#,
        i64::from(limit),
        lease.as_secs_f64(),
        lane == Lane::Mirrors,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let to = serde_json::from_str(&row.target).map_err(undecodable)?;
            Ok(Due { id: row.id, job: JobId(row.job), to, tries: unsigned(row.tries) })
        })
        .collect()
}

/// Notes that it was taken.
pub(crate) async fn sent(db: impl PgExecutor<'_>, due: &Due) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update notification
           set status = 'sent', error = null, updated_at = now()
         where id = $1
           and tries = $2
        "#,
        due.id,
        signed(due.tries),
    )
    .execute(db)
    .await
    .map(drop)
}

/// Notes that it was not taken: it is tried again after a while, or given up.
pub(crate) async fn failed(
    db: impl PgExecutor<'_>,
    due: &Due,
    error: &str,
    again: Option<Duration>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update notification
           set status = case when $4::float8 is null then 'dead' else 'pending' end,
               next_at = now() + make_interval(secs => coalesce($4, 0)),
               error = $3,
               updated_at = now()
         where id = $1
           and tries = $2
        "#,
        due.id,
        signed(due.tries),
        storable(error),
        again.map(|again| again.as_secs_f64()),
    )
    .execute(db)
    .await
    .map(drop)
}

/// The job of one that was given up, if it belongs to these tenants.
pub(crate) async fn dead(
    db: impl PgExecutor<'_>,
    id: i64,
    tenants: Option<&[String]>,
) -> sqlx::Result<Option<JobId>> {
    let job = sqlx::query_scalar!(
        r#"
        select notification.job
          from notification
          join job on job.id = notification.job
         where notification.id = $1
           and notification.status = 'dead'
           and ($2::text[] is null or job.tenant = any($2))
        "#,
        id,
        tenants as Option<&[String]>,
    )
    .fetch_optional(db)
    .await?;
    Ok(job.map(JobId))
}

/// Has one that was given up tried again, if it still is; says whether it was.
pub(crate) async fn resend(db: impl PgExecutor<'_>, id: i64) -> sqlx::Result<bool> {
    let resent = sqlx::query!(
        r#"
        update notification
           set status = 'pending', tries = 0, next_at = now(), error = null, updated_at = now()
         where id = $1
           and status = 'dead'
        "#,
        id,
    );
    Ok(resent.execute(db).await?.rows_affected() == 1)
}

/// How many wait to be told, and how many were given up; each counted to a bound.
pub(crate) struct Standing {
    pub(crate) pending: i64,
    pub(crate) dead: i64,
}

pub(crate) async fn standing(db: impl PgExecutor<'_>) -> sqlx::Result<Standing> {
    sqlx::query_as!(
        Standing,
        r#"
        select (select count(*)
                  from (select from notification where status = 'pending' limit $1) as counted) as "pending!",
               (select count(*)
                  from (select from notification where status = 'dead' limit $1) as counted) as "dead!"
        "#,
        COUNTED,
    )
    .fetch_one(db)
    .await
}

/// A page of those of these tenants, the newest first.
pub(crate) async fn list(
    db: impl PgExecutor<'_>,
    filter: &NotificationFilter,
    tenants: Option<&[String]>,
    limit: i64,
) -> sqlx::Result<Vec<Notification>> {
    let rows = sqlx::query!(
        r#"
        select notification.id, notification.job, target::text as "target!", notification.status,
               tries, next_at, error, created_at, notification.updated_at
          from notification
          join job on job.id = notification.job
         where ($1::text is null or notification.status = $1)
           and ($2::uuid is null or notification.job = $2)
           and ($3::bigint is null or notification.id < $3)
           and ($4::text[] is null or job.tenant = any($4))
         order by notification.id desc
         limit $5
        "#,
        filter.status.map(NotificationStatus::as_str),
        filter.job.map(|job| job.0) as Option<Uuid>,
        filter.after,
        tenants as Option<&[String]>,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let status: NotificationStatus = row.status.parse().map_err(undecodable)?;
            let is_pending = status == NotificationStatus::Pending;
            Ok(Notification {
                id: row.id,
                job: JobId(row.job),
                to: serde_json::from_str(&row.target).map_err(undecodable)?,
                status,
                tries: unsigned(row.tries),
                next_at: is_pending.then(|| row.next_at.to_jiff()),
                error: row.error,
                created_at: row.created_at.to_jiff(),
                updated_at: row.updated_at.to_jiff(),
            })
        })
        .collect()
}
