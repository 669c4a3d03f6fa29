//! Jobs as people look for them: the newest first, by what they remember.

use jiff::Timestamp;
use schema::{Job, JobId, JobStatus};
use sqlx::{PgExecutor, PgPool};

use super::{job::job_rows, row::JobRow};

/// Which jobs are looked for. What is absent does not matter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) settled: Option<bool>,
    pub(crate) status: Option<JobStatus>,
    pub(crate) kind: Option<&'a str>,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) submitted_by: Option<&'a str>,
    /// Somewhere in its key or its last word.
    pub(crate) text: Option<&'a str>,
    /// A table that it wrote.
    pub(crate) table: Option<&'a str>,
    /// Only what belongs to one of these.
    pub(crate) tenants: Option<&'a [String]>,
}

/// A stretch of all jobs, in the order in which they were made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    /// The first that belongs to it.
    pub(crate) from: JobId,
    /// The first that does not any more.
    pub(crate) before: JobId,
}

impl Wanted<'_> {
    /// Whether every job has to be looked at to find these.
    pub(crate) const fn is_hidden(&self) -> bool {
        let may_be_behind_many = matches!(self.status, Some(JobStatus::Completed));
        self.text.is_some() || self.table.is_some() || may_be_behind_many && !self.is_somebodys()
    }

    /// Whether it may be that there are hardly any among many.
    pub(crate) const fn may_be_rare(&self) -> bool {
        self.is_hidden() || self.is_somebodys()
    }

    /// Whether the blocks are known that may have some.
    const fn is_somebodys(&self) -> bool {
        self.kind.is_some()
            || self.tenant.is_some()
            || self.tenants.is_some()
            || self.submitted_by.is_some()
    }
}

/// How long an index is followed that may lead to more than anybody wants to see.
const SOON: &str = "150ms";

/// How to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// One job after the other, from the newest on: most are expected to be wanted.
    AtEach,
    /// Wherever an index says that there may be some.
    ByIndex,
}

/// The newest wanted jobs of a stretch.
///
/// Jobs are kept in the order of their ids; unsettled ones have an index of their own, and so have
/// those of them that nodes have, which are few however many wait; those that failed or were cancelled
/// are found by that event, and it is known which blocks hold jobs of somebody. Text and table are in no index: who looks for them keeps the stretch short.
pub(crate) async fn newest(
    db: impl PgExecutor<'_>,
    wanted: &Wanted<'_>,
    stretch: Stretch,
    look: Look,
    limit: i64,
) -> sqlx::Result<Vec<Job>> {
    let rows = match (wanted.status, wanted.settled) {
        (Some(JobStatus::Failed | JobStatus::Cancelled), _) => {
            ended_badly(db, wanted, stretch, look, limit).await?
        }
        (Some(JobStatus::Running), _) => running(db, wanted, stretch, limit).await?,
        (Some(JobStatus::Submitted), _) | (_, Some(false)) => {
            unsettled(db, wanted, stretch, limit).await?
        }
        _ => all(db, wanted, stretch, look, limit).await?,
    };
    rows.into_iter().map(Job::try_from).collect()
}

/// The newest wanted jobs of a stretch, by an index, if they are found soon; else an error that says
/// that it took too long.
pub(crate) async fn newest_if_soon(
    db: &PgPool,
    wanted: &Wanted<'_>,
    stretch: Stretch,
    limit: i64,
) -> sqlx::Result<Vec<Job>> {
    let mut soon = db.begin().await?;
    sqlx::query!("select set_config('statement_timeout', $1, true)", SOON)
        .fetch_one(&mut *soon)
        .await?;
    let found = newest(&mut *soon, wanted, stretch, Look::ByIndex, limit).await?;
    soon.commit().await?;
    Ok(found)
}

async fn all(
    db: impl PgExecutor<'_>,
    wanted: &Wanted<'_>,
    stretch: Stretch,
    look: Look,
    limit: i64,
) -> sqlx::Result<Vec<JobRow>> {
    job_rows!(
        "",
        r#"
          from (
                   select *
                     from job
                    where id < $1
                      and id >= $2
                      and ($3::text is null or status = $3)
                      and ($4::bool is null or (settled_at is not null) = $4)
                      and ($5::text is null or kind = $5)
                      and ($6::text is null or tenant = $6)
                      and ($7::text is null or submitted_by = $7)
                      and ($12::text[] is null or tenant = any($12))
                      and ($8::text is null or strpos(lower(key), $8) > 0
                           or strpos(lower(message), $8) > 0)
                      and ($9::text is null
                           or exists (select from job_report
                                       where job_report.job = job.id and strpos(body::text, $9) > 0))
                    order by id desc
                    -- A limit is what makes a plan begin with the newest.
                    limit case when $10::bool then $11::bigint end
               ) as job
         order by id desc
         limit $11
        "#,
        stretch.before.0,
        stretch.from.0,
        wanted.status.map(JobStatus::as_str),
        wanted.settled,
        wanted.kind,
        wanted.tenant,
        wanted.submitted_by,
        wanted.text.map(str::to_lowercase),
        wanted.table.map(in_report),
        look == Look::AtEach,
        limit,
        wanted.tenants as Option<&[String]>,
    )
    .fetch_all(db)
    .await
}

async fn unsettled(
    db: impl PgExecutor<'_>,
    wanted: &Wanted<'_>,
    stretch: Stretch,
    limit: i64,
) -> sqlx::Result<Vec<JobRow>> {
    job_rows!(
        "",
        r#"
          from job
         where settled_at is null
           and id < $1
           and id >= $2
           and ($3::text is null or status = $3)
           and ($4::text is null or kind = $4)
           and ($5::text is null or tenant = $5)
           and ($6::text is null or submitted_by = $6)
           and ($7::text is null or strpos(lower(key), $7) > 0 or strpos(lower(message), $7) > 0)
           -- What has not settled has written nothing.
           and $8::text is null
           and ($10::text[] is null or tenant = any($10))
         order by id desc
         limit $9
        "#,
        stretch.before.0,
        stretch.from.0,
        wanted.status.map(JobStatus::as_str),
        wanted.kind,
        wanted.tenant,
        wanted.submitted_by,
        wanted.text.map(str::to_lowercase),
        wanted.table,
        limit,
        wanted.tenants as Option<&[String]>,
    )
    .fetch_all(db)
    .await
}

/// What runs is on a node. No index tells what runs of that: it would cost every claim a place in it.
async fn running(
    db: impl PgExecutor<'_>,
    wanted: &Wanted<'_>,
    stretch: Stretch,
    limit: i64,
) -> sqlx::Result<Vec<JobRow>> {
    job_rows!(
        r#"
        with held as materialized (
            -- In the order of the index that is to be used.
            select id from job where settled_at is null and node is not null order by node, id
        )
        "#,
        r#"
          from held
          join job using (id)
         where settled_at is null
           and status = 'running'
           and id < $1
           and id >= $2
           and ($3::text is null or kind = $3)
           and ($4::text is null or tenant = $4)
           and ($5::text is null or submitted_by = $5)
           and ($6::text is null or strpos(lower(key), $6) > 0 or strpos(lower(message), $6) > 0)
           -- What has not settled has written nothing.
           and $7::text is null
           and ($9::text[] is null or tenant = any($9))
         order by id desc
         limit $8
        "#,
        stretch.before.0,
        stretch.from.0,
        wanted.kind,
        wanted.tenant,
        wanted.submitted_by,
        wanted.text.map(str::to_lowercase),
        wanted.table,
        limit,
        wanted.tenants as Option<&[String]>,
    )
    .fetch_all(db)
    .await
}

async fn ended_badly(
    db: impl PgExecutor<'_>,
    wanted: &Wanted<'_>,
    stretch: Stretch,
    look: Look,
    limit: i64,
) -> sqlx::Result<Vec<JobRow>> {
    job_rows!(
        "",
        r#"
          from (
                   select job.*
                     from job_event as ended
                     join job on job.id = ended.job
                    where ended.status in ('failed', 'cancelled')
                      and ended.status = $3
                      and job.status = $3
                      and ended.job < $1
                      and ended.job >= $2
                      and ($4::text is null or job.kind = $4)
                      and ($5::text is null or job.tenant = $5)
                      and ($6::text is null or job.submitted_by = $6)
                      and ($11::text[] is null or job.tenant = any($11))
                      and ($7::text is null or strpos(lower(job.key), $7) > 0
                           or strpos(lower(job.message), $7) > 0)
                      and ($8::text is null
                           or exists (select from job_report
                                       where job_report.job = job.id and strpos(body::text, $8) > 0))
                    order by ended.job desc
                    limit case when $9::bool then $10::bigint end
               ) as job
         order by id desc
         limit $10
        "#,
        stretch.before.0,
        stretch.from.0,
        wanted.status.map(JobStatus::as_str),
        wanted.kind,
        wanted.tenant,
        wanted.submitted_by,
        wanted.text.map(str::to_lowercase),
        wanted.table.map(in_report),
        look == Look::AtEach,
        limit,
        wanted.tenants as Option<&[String]>,
    )
    .fetch_all(db)
    .await
}

/// A table as reports name it, which are kept as they were sent: without white space.
fn in_report(table: &str) -> String {
    let name = serde_json::Value::from(table);
    format!("\"table\":{name}")
}

/// The stretch of so many jobs at the end of this one; all of it if it has no more.
pub(crate) async fn last(
    db: impl PgExecutor<'_>,
    stretch: Stretch,
    jobs: i64,
) -> sqlx::Result<Stretch> {
    let from = sqlx::query_scalar!(
        r#"
        select id
          from job
         where id < $1
           and id >= $2
         order by id desc
        offset $3
         limit 1
        "#,
        stretch.before.0,
        stretch.from.0,
        jobs - 1,
    )
    .fetch_optional(db)
    .await?;
    Ok(Stretch { from: from.map_or(stretch.from, JobId), ..stretch })
}

/// How many jobs of a stretch have not settled; told by an index alone.
pub(crate) async fn unsettled_of(db: impl PgExecutor<'_>, stretch: Stretch) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!" from job where settled_at is null and id < $1 and id >= $2
        "#,
        stretch.before.0,
        stretch.from.0,
    )
    .fetch_one(db)
    .await
}

/// The jobs of the instruction with exactly this key, if it is one of these tenants', or of any.
pub(crate) async fn of_instruction(
    db: impl PgExecutor<'_>,
    key: &str,
    tenants: Option<&[String]>,
    limit: i64,
) -> sqlx::Result<Vec<Job>> {
    let rows = job_rows!(
        "",
        r#"
          from job
         where key = $1
           and ($3::text[] is null or tenant = any($3))
         order by id desc
         limit $2
        "#,
        key,
        limit,
        tenants as Option<&[String]>,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// The number of the first job that is not before each of these; of the next job where there is none
/// yet. Jobs are numbered as they come, so that the difference tells how many came in between.
pub(crate) async fn numbers(db: impl PgExecutor<'_>, bounds: &[JobId]) -> sqlx::Result<Vec<i64>> {
    let bounds: Vec<_> = bounds.iter().map(|id| id.0).collect();
    sqlx::query_scalar!(
        r#"
        with latest as (select number from job order by id desc limit 1)
        select coalesce((select number from job where id >= bound.id order by id limit 1),
                        (select number + 1 from latest), 0) as "number!"
          from unnest($1::uuid[]) with ordinality as bound (id, place)
         order by place
        "#,
        &bounds,
    )
    .fetch_all(db)
    .await
}

/// A job that failed.
pub(crate) struct Failure {
    pub(crate) job: JobId,
    pub(crate) key: String,
    pub(crate) at: Timestamp,
    pub(crate) message: Option<String>,
}

/// The newest jobs from this one on that failed.
pub(crate) async fn failures(
    db: impl PgExecutor<'_>,
    from: JobId,
    limit: i64,
) -> sqlx::Result<Vec<Failure>> {
    let rows = sqlx::query!(
        r#"
        select ended.job, ended.at, ended.message, job.key
          from job_event as ended
          join job on job.id = ended.job
         where ended.status = 'failed'
           and ended.job >= $1
         order by ended.job desc
         limit $2
        "#,
        from.0,
        limit,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Failure {
            job: JobId(row.job),
            key: row.key,
            at: row.at.to_jiff(),
            message: row.message,
        })
        .collect())
}
