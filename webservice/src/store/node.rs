//! `node`: the digester services that made themselves known, and what becomes of their jobs.

use std::time::Duration;

use jiff_sqlx::{Timestamp, ToSqlx as _};
use schema::{Attempt, Heartbeat, JobId, JobStatus, Kind, Node, NodeId, NodeState};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::row::{signed, undecodable, unsigned};

/// What is said to a heartbeat.
pub(crate) struct Renewed {
    /// Whether the lease goes on; it does not if another process has the name.
    pub(crate) renewed: bool,
    /// The named attempts that are not the node's any more.
    pub(crate) lost: Vec<Attempt>,
    /// The named attempts whose end somebody asked for.
    pub(crate) cancel: Vec<Attempt>,
}

/// Renews the lease of everything a node has, and looks at the attempts that it names.
pub(crate) async fn renew(
    db: impl PgExecutor<'_>,
    id: &NodeId,
    beat: &Heartbeat,
    lease: Duration,
) -> sqlx::Result<Renewed> {
    let kinds: Vec<_> = beat.kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
    let (ids, attempts) = columns(&beat.attempts);
    // Whoever leaves keeps nothing.
    let lease = if beat.leaving { Duration::ZERO } else { lease };
    let row = sqlx::query!(
        r#"
        with renewed as (
            update node
               set address = $3, kinds = $4, capacity = $5, held = $6, room = $7, version = $8,
                   running = cardinality($10::uuid[]), seen_at = now(), lapsed_at = null,
                   lease_until = now() + make_interval(secs => $9)
             where id = $1
               and boot = $2
            returning id
        ),
        named as (
            select named.id, named.attempt, coalesce(job.cancel_requested, false) as cancel,
                   -- An attempt that is about to claim its job is not lost yet.
                   coalesce(job.attempt > named.attempt
                            or (job.attempt = named.attempt
                                and (job.status <> 'running' or job.node is distinct from $1)),
                            true) as lost
              from unnest($10::uuid[], $11::int[]) as named (id, attempt)
              left join job on job.id = named.id
        )
        select exists (select from renewed) as "renewed!",
               array(select id from named where lost order by id) as "lost!",
               array(select attempt from named where lost order by id) as "lost_attempts!",
               array(select id from named where cancel and not lost order by id) as "cancel!",
               array(select attempt from named where cancel and not lost order by id)
                   as "cancel_attempts!"
        "#,
        id.as_str(),
        beat.boot,
        beat.address,
        &kinds,
        signed(beat.capacity),
        signed(beat.held),
        signed(beat.room),
        beat.version,
        lease.as_secs_f64(),
        &ids,
        &attempts,
    )
    .fetch_one(db)
    .await?;
    Ok(Renewed {
        renewed: row.renewed,
        lost: rows(row.lost, row.lost_attempts),
        cancel: rows(row.cancel, row.cancel_attempts),
    })
}

fn columns(attempts: &[Attempt]) -> (Vec<Uuid>, Vec<i32>) {
    attempts.iter().map(|attempt| (attempt.id.0, signed(attempt.attempt))).unzip()
}

fn rows(ids: Vec<Uuid>, attempts: Vec<i32>) -> Vec<Attempt> {
    let pairs = ids.into_iter().zip(attempts);
    pairs.map(|(id, attempt)| Attempt { id: JobId(id), attempt: unsigned(attempt) }).collect()
}

/// Whether a later process of the node holds its name. One that is gone holds nothing, and a clock
/// that was put back makes nobody wait longer than a lease.
pub(crate) async fn is_taken(
    db: impl PgExecutor<'_>,
    id: &NodeId,
    boot: Uuid,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (select from node where id = $1 and boot > $2 and lapsed_at is null)
            as "taken!"
        "#,
        id.as_str(),
        boot,
    )
    .fetch_one(db)
    .await
}

/// Gives the name to this process, unless a later one holds it.
pub(crate) async fn register(db: impl PgExecutor<'_>, id: &NodeId, boot: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into node (id, boot)
        values ($1, $2)
            on conflict (id) do update
               set boot = $2, since = now(), lapsed_at = null
             where node.boot < $2
                or node.lapsed_at is not null
        "#,
        id.as_str(),
        boot,
    )
    .execute(db)
    .await
    .map(drop)
}

/// What the database's clock says. Leases that it would let last longer than a lease, because it
/// was put back, are cut.
pub(crate) async fn clock(
    db: impl PgExecutor<'_>,
    lease: Duration,
) -> sqlx::Result<jiff::Timestamp> {
    let now = sqlx::query_scalar!(
        r#"
        with cut as (
            update node
               set lease_until = now() + make_interval(secs => $1)
             where lease_until > now() + make_interval(secs => $1)
        )
        select now() as "now!"
        "#,
        lease.as_secs_f64(),
    )
    .fetch_one(db)
    .await?;
    Ok(now.to_jiff())
}

/// Ends the leases that have lapsed by both the database's clock and the caller's idea of it;
/// returns whose they were.
pub(crate) async fn lapse(
    db: impl PgExecutor<'_>,
    believed: jiff::Timestamp,
) -> sqlx::Result<Vec<NodeId>> {
    let ids = sqlx::query_scalar!(
        r#"
        update node
           set lapsed_at = now()
         where lapsed_at is null
           and lease_until <= least(now(), $1::timestamptz)
        returning id
        "#,
        believed.to_sqlx() as Timestamp,
    )
    .fetch_all(db)
    .await?;
    ids.into_iter().map(|id| NodeId::new(id).map_err(undecodable)).collect()
}

/// Lapsed nodes that still have jobs.
pub(crate) async fn lapsed_with_jobs(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<NodeId>> {
    let ids = sqlx::query_scalar!(
        r#"
        select id
          from node
         where lapsed_at is not null
           and exists (select from job where node = node.id and settled_at is null)
         order by id
        "#,
    )
    .fetch_all(db)
    .await?;
    ids.into_iter().map(|id| NodeId::new(id).map_err(undecodable)).collect()
}

/// The oldest jobs after this one that a node has, with this status or any: their latest attempts.
pub(crate) async fn holdings(
    db: impl PgExecutor<'_>,
    id: &NodeId,
    status: Option<JobStatus>,
    after: JobId,
    limit: i64,
) -> sqlx::Result<Vec<Attempt>> {
    let rows = sqlx::query!(
        r#"
        select id, attempt
          from job
         where node = $1
           and settled_at is null
           and id > $2
           and ($4::text is null or status = $4)
         order by id
         limit $3
        "#,
        id.as_str(),
        after.0,
        limit,
        status.map(JobStatus::as_str),
    )
    .fetch_all(db)
    .await?;
    let attempt = |id, attempt| Attempt { id: JobId(id), attempt: unsigned(attempt) };
    Ok(rows.into_iter().map(|row| attempt(row.id, row.attempt)).collect())
}

/// What is taken from a node, and why.
pub(crate) struct Loss<'a> {
    pub(crate) node: &'a NodeId,
    /// Only what is still at these attempts.
    pub(crate) attempts: &'a [Attempt],
    /// For people.
    pub(crate) why: &'a str,
    /// A live process that began as this one or later keeps everything.
    pub(crate) unless_boot: Uuid,
    /// With so many attempts cut short, a job is given up.
    pub(crate) max_cut_short: u32,
}

/// What was taken from a node.
pub(crate) struct Taken {
    pub(crate) id: JobId,
    /// What became of it.
    pub(crate) status: JobStatus,
    /// Whether an attempt at it was cut short.
    pub(crate) ran: bool,
}

/// Takes jobs from a node. One that waited is handed over again; the attempt of one that ran was cut
/// short, and the next may begin, unless it was the last, or the job was to end anyhow.
pub(crate) async fn take_away(
    db: impl PgExecutor<'_>,
    loss: &Loss<'_>,
) -> sqlx::Result<Vec<Taken>> {
    let (ids, attempts) = columns(loss.attempts);
    let rows = sqlx::query!(
        r#"
        with found as (
            select job.id, job.status as before,
                   case when job.status = 'submitted' then 'submitted'
                        when job.cancel_requested then 'cancelled'
                        when job.cut_short + 1 >= $5 then 'failed'
                        else 'submitted' end as after,
                   'attempt ' || job.attempt || ' was cut short: ' || $4::text as cut
              from job
              join unnest($2::uuid[], $3::int[]) as named (id, attempt)
                on named.id = job.id and named.attempt = job.attempt
             where job.node = $1
               and job.settled_at is null
               and not exists (select from node
                                where node.id = $1 and node.boot >= $6 and node.lapsed_at is null)
             order by job.id
               for update of job
        ),
        taken as (
            update job
               set status = found.after,
                   cut_short = cut_short + (before = 'running')::int,
                   stage = case after when 'submitted' then null else stage end,
                   progress_done = case after when 'submitted' then null else progress_done end,
                   progress_total = case after when 'submitted' then null else progress_total end,
                   node = case after when 'submitted' then null else node end,
                   forwarded_at = case after when 'submitted' then null else forwarded_at end,
                   settled_at = case after when 'submitted' then null else now() end,
                   updated_at = now(),
                   message = case
                       when before = 'submitted' then message
                       when after = 'cancelled' then 'cancelled; ' || cut
                       when after = 'failed' then 'given up: ' || concat_ws('; ', (
                           select string_agg(event.message || coalesce(' (on ' || event.node || ')',
                                                                       ''),
                                             '; ' order by event.id)
                             from job_event as event
                            where event.job = job.id
                              and event.status = 'submitted'
                              and event.attempt > 0), cut || ' (on ' || $1 || ')')
                       else cut end
              from found
             where job.id = found.id
            returning job.id, job.status, job.attempt, job.message, before,
                      case when job.settled_at is not null then job.notify end as notify
        ),
        told as (
            insert into job_event (job, status, attempt, node, message)
            select id, status, attempt, $1, message from taken where before = 'running'
        ),
        notified as (
            insert into notification (job, target)
            select taken.id, target.value
              from taken, json_array_elements(taken.notify) as target
        )
        select id, status, before = 'running' as "ran!" from taken order by id
        "#,
        loss.node.as_str(),
        &ids,
        &attempts,
        loss.why,
        signed(loss.max_cut_short),
        loss.unless_boot,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let status = row.status.parse().map_err(undecodable)?;
            Ok(Taken { id: JobId(row.id), status, ran: row.ran })
        })
        .collect()
}

/// Where a node takes jobs in, if it made itself known.
pub(crate) async fn address(db: impl PgExecutor<'_>, id: &NodeId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select address from node where id = $1", id.as_str())
        .fetch_optional(db)
        .await
}

/// Every node that ever made itself known, by name; or the one of this name.
pub(crate) async fn list(db: impl PgExecutor<'_>, id: Option<&NodeId>) -> sqlx::Result<Vec<Node>> {
    let rows = sqlx::query!(
        r#"
        select id, address, kinds, capacity, held, running, room, version, since, seen_at, lease_until,
               lapsed_at is null and lease_until > now() as "live!"
          from node
         where $1::text is null
            or id = $1
         order by id
        "#,
        id.map(NodeId::as_str),
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let kinds = row.kinds.into_iter().map(Kind::new).collect::<Result<_, _>>();
            Ok(Node {
                id: NodeId::new(row.id).map_err(undecodable)?,
                state: if row.live { NodeState::Live } else { NodeState::Lapsed },
                address: row.address,
                kinds: kinds.map_err(undecodable)?,
                capacity: unsigned(row.capacity),
                held: unsigned(row.held),
                running: unsigned(row.running),
                room: unsigned(row.room),
                version: row.version,
                since: row.since.to_jiff(),
                seen_at: row.seen_at.to_jiff(),
                lease_until: row.lease_until.to_jiff(),
            })
        })
        .collect()
}
