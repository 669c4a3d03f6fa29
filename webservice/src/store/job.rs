//! `job`: the present of every job.

use schema::{Job, JobFilter, JobId, Key, NewInstruction, NodeId};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::row::{JobRow, raw, trace};

/// A query of whole rows: what stands before the columns, what stands after them, and the arguments.
/// The columns never are null where [`JobRow`] wants them; of a `with` query that is not known.
macro_rules! job_rows {
    ($before:tt, $after:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            JobRow,
            $before
                + r#"
        select id as "id!", number as "number!", key as "key!", kind as "kind!", tenant,
               submitted_by, status as "status!", stage, progress_done, progress_total, message,
               attempt as "attempt!", node, cancel_requested as "cancel_requested!", rerun_of,
               submitted_at as "submitted_at!", started_at, updated_at as "updated_at!", settled_at,
               cut_short as "cut_short!", demand::text
                "#
                + $after,
            $($argument),*
        )
    };
}
pub(super) use job_rows;

/// The job with this id, without its report.
pub(crate) async fn find(db: impl PgExecutor<'_>, id: JobId) -> sqlx::Result<Option<Job>> {
    let row = job_rows!(
        "",
        r#"
          from job
         where id = $1
        "#,
        id.0,
    )
    .fetch_optional(db)
    .await?;
    row.map(Job::try_from).transpose()
}

/// The job with this id, with its report and its trace.
pub(crate) async fn find_whole(
    db: impl PgExecutor<'_> + Copy,
    id: JobId,
) -> sqlx::Result<Option<Job>> {
    let Some(mut job) = find(db, id).await? else { return Ok(None) };
    let row = sqlx::query!(
        r#"
        select instruction.traceparent, job_report.body::text as "body?"
          from job
          join instruction using (key)
          left join job_report on job_report.job = job.id
         where job.id = $1
        "#,
        id.0,
    )
    .fetch_one(db)
    .await?;
    job.report = row.body.map(raw).transpose()?;
    job.traceparent = trace(row.traceparent)?;
    Ok(Some(job))
}

/// The newest job of this instruction.
pub(crate) async fn latest_of(db: impl PgExecutor<'_>, key: &Key) -> sqlx::Result<Option<Job>> {
    let row = job_rows!(
        "",
        r#"
          from job
         where key = $1
         order by id desc
         limit 1
        "#,
        key.as_str(),
    )
    .fetch_optional(db)
    .await?;
    row.map(Job::try_from).transpose()
}

/// A page of jobs of these tenants, or of all, newest first.
pub(crate) async fn list(
    db: impl PgExecutor<'_>,
    filter: &JobFilter,
    tenants: Option<&[String]>,
    limit: i64,
) -> sqlx::Result<Vec<Job>> {
    let rows = job_rows!(
        "",
        r#"
          from job
         where ($1::uuid is null or id < $1)
           and ($2::text is null or status = $2)
           and ($3::text is null or kind = $3)
           and ($4::text is null or tenant = $4)
           and ($5::text is null or node = $5)
           and ($6::text is null or key = $6)
           and ($7::bool is null or (settled_at is not null) = $7)
           and ($8::text[] is null or tenant = any($8))
         order by id desc
         limit $9
        "#,
        filter.after.map(|id| id.0),
        filter.status.map(schema::JobStatus::as_str),
        filter.kind.as_ref().map(schema::Kind::as_str),
        filter.tenant,
        filter.node.as_ref().map(NodeId::as_str),
        filter.key.as_ref().map(Key::as_str),
        filter.settled,
        tenants as Option<&[String]>,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// A page of what is still to do of these tenants, or of all, oldest first: what a node replays.
pub(crate) async fn list_unsettled(
    db: impl PgExecutor<'_>,
    filter: &JobFilter,
    tenants: Option<&[String]>,
    limit: i64,
) -> sqlx::Result<Vec<Job>> {
    let rows = job_rows!(
        "",
        r#"
          from job
         where settled_at is null
           and ($1::uuid is null or id > $1)
           and ($2::text is null or status = $2)
           and ($3::text is null or kind = $3)
           and ($4::text is null or tenant = $4)
           and ($5::text is null or node = $5)
           and ($6::text is null or key = $6)
           and ($7::text[] is null or tenant = any($7))
         order by id
         limit $8
        "#,
        filter.after.map(|id| id.0),
        filter.status.map(schema::JobStatus::as_str),
        filter.kind.as_ref().map(schema::Kind::as_str),
        filter.tenant,
        filter.node.as_ref().map(NodeId::as_str),
        filter.key.as_ref().map(Key::as_str),
        tenants as Option<&[String]>,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// A job that no node has been handed yet, and what the node needs of it.
#[derive(Debug)]
pub(crate) struct ToForward {
    pub(crate) id: Uuid,
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) tenant: Option<String>,
    pub(crate) submitted_by: Option<String>,
    pub(crate) attempt: i32,
    pub(crate) traceparent: Option<String>,
    pub(crate) body: String,
}

impl ToForward {
    /// A job that was just made of this.
    pub(crate) fn made(new: NewInstruction, job: &Job) -> Self {
        Self {
            id: job.id.0,
            key: job.key.to_string(),
            kind: new.kind.into(),
            tenant: new.tenant,
            submitted_by: new.submitted_by,
            attempt: 0,
            traceparent: new.traceparent.map(String::from),
            body: <Box<str>>::from(new.body).into(),
        }
    }
}

/// The oldest jobs after this one that no node has been handed yet, but for those that are known to
/// be: at least one, and no more than these bytes of instructions, as they are stored.
pub(crate) async fn to_forward(
    db: impl PgExecutor<'_>,
    after: JobId,
    handed_over: &[Uuid],
    limit: i64,
    bytes: i64,
) -> sqlx::Result<Vec<ToForward>> {
    sqlx::query_as!(
        ToForward,
        r#"
        with waiting as (
            select job.id, job.key, job.kind, job.tenant, job.submitted_by, job.attempt,
                   instruction.traceparent, instruction.body, pg_column_size(instruction.body) as size
              from job join instruction using (key)
             where job.forwarded_at is null
               and job.settled_at is null
               and job.id > $1
               and job.id not in (select unnest($4::uuid[]))
             order by job.id
             limit $2
        ),
        sized as (select *, sum(size) over (order by id) as total from waiting)
        select id as "id!", key as "key!", kind as "kind!", tenant, submitted_by,
               attempt as "attempt!", traceparent, body::text as "body!"
          from sized
         where total <= $3
            or total = size
         order by id
        "#,
        after.0,
        limit,
        bytes,
        handed_over,
    )
    .fetch_all(db)
    .await
}

/// How much waits, and for how long.
pub(crate) struct Queue {
    /// Jobs that wait or run.
    pub(crate) unsettled: i64,
    /// Jobs that no node has been handed yet.
    pub(crate) unforwarded: i64,
    /// The age of the oldest of those.
    pub(crate) oldest_seconds: f64,
}

/// Up to how many jobs [`queue`] counts that wait or run: looking must cost the same however many do.
pub(crate) const COUNTED: i64 = 10_000;

/// Looks at the queue, counting no further than [`COUNTED`].
pub(crate) async fn queue(db: impl PgExecutor<'_>) -> sqlx::Result<Queue> {
    sqlx::query_as!(
        Queue,
        r#"
        select (select count(*)
                  from (select id from job where settled_at is null order by id limit $1) as counted)
                   as "unsettled!",
               (select count(*)
                  from (select id from job where settled_at is null and forwarded_at is null
                         order by id limit $1) as counted)
                   as "unforwarded!",
               coalesce((select extract(epoch from now() - submitted_at)::float8
                           from job
                          where settled_at is null and forwarded_at is null
                          order by id limit 1), 0) as "oldest_seconds!"
        "#,
        COUNTED,
    )
    .fetch_one(db)
    .await
}

/// Notes which node has taken a job in, as it was after so many attempts.
///
/// A job that went on since then is not touched. Neither is one that somebody else is about to
/// change: waiting for them could end in a deadlock, and offering it again does no harm.
pub(crate) async fn forwarded(
    db: impl PgExecutor<'_>,
    jobs: &[(JobId, i32, NodeId)],
) -> sqlx::Result<()> {
    let ids: Vec<_> = jobs.iter().map(|(id, _, _)| id.0).collect();
    let attempts: Vec<_> = jobs.iter().map(|(_, attempt, _)| *attempt).collect();
    let nodes: Vec<_> = jobs.iter().map(|(_, _, node)| node.to_string()).collect();
    sqlx::query!(
        r#"
        update job
           set forwarded_at = now(), node = waiting.node
          from (
                   select job.id, taken.node
                     from job
                     join unnest($1::uuid[], $2::int[], $3::text[]) as taken (id, attempt, node)
                       on taken.id = job.id and taken.attempt = job.attempt
                    where job.status = 'submitted'
                      and job.forwarded_at is null
                      for update of job skip locked
               ) as waiting
         where job.id = waiting.id
        "#,
        &ids,
        &attempts,
        &nodes,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes which node has the job waiting, if it still waits; returns the job if there is one.
pub(crate) async fn hold(
    db: impl PgExecutor<'_> + Copy,
    id: JobId,
    node: &NodeId,
) -> sqlx::Result<Option<Job>> {
    sqlx::query!(
        r#"
        update job
           set forwarded_at = coalesce(forwarded_at, now()), node = $2
         where id = $1
           and status = 'submitted'
           and (forwarded_at is null or node is distinct from $2)
        "#,
        id.0,
        node.as_str(),
    )
    .execute(db)
    .await?;
    find(db, id).await
}

/// Ends a job that still waits, or asks for the end of one that runs; returns it as it is then.
pub(crate) async fn cancel(db: impl PgExecutor<'_>, id: JobId) -> sqlx::Result<Option<Job>> {
    let row = job_rows!(
        r#"
        with asked as (
            update job
               set cancel_requested = true,
                   status = case status when 'submitted' then 'cancelled' else status end,
                   message = case status when 'submitted' then 'cancelled while it waited'
                                         else message end,
                   settled_at = case status when 'submitted' then now() end,
                   updated_at = now()
             where id = $1
               and settled_at is null
               and (status = 'submitted' or not cancel_requested)
            returning *
        ),
        told as (
            insert into job_event (job, status, attempt, message)
            select id, status, attempt,
                   case status when 'cancelled' then message else 'cancel requested' end
              from asked
        ),
        notified as (
            insert into notification (job, target)
            select asked.id, target.value
              from asked, json_array_elements(asked.notify) as target
             where asked.settled_at is not null
        )
        "#,
        r#"
          from asked
        "#,
        id.0,
    )
    .fetch_optional(db)
    .await?;
    row.map(Job::try_from).transpose()
}

/// Makes a new job from the instruction of a settled one.
pub(crate) async fn rerun(db: impl PgExecutor<'_>, of: JobId) -> sqlx::Result<Option<Job>> {
    let row = job_rows!(
        r#"
        with settled as (
            select job.*
              from job
              join instruction using (key)
             where job.id = $1
               and job.settled_at is not null
               -- What is old may be forgotten, but not while it is done over.
               for key share of instruction
        ),
        made as (
            insert into job (id, key, kind, tenant, submitted_by, rerun_of, notify)
            select $2, key, kind, tenant, submitted_by, id, notify from settled
            returning *
        ),
        told as (
            insert into job_event (job, status, attempt, message)
            select id, status, attempt, 'accepted, to do job ' || rerun_of || ' over' from made
        ),
        shown as (
            insert into notification (job, target)
            select made.id, target.value
              from made, json_array_elements(made.notify) as target
             where target.value -> 'mirror' is not null
        )
        "#,
        r#"
          from made
        "#,
        of.0,
        JobId::mint().0,
    )
    .fetch_optional(db)
    .await?;
    row.map(Job::try_from).transpose()
}
