//! The guarded update: the row takes a patch only if it is newer than what it knows.

use std::collections::HashMap;

use schema::{AddressedPatch, Demand, JobId, JobPatch, JobStatus, NodeId, PatchAnswer};
use sqlx::PgExecutor;

use super::row::{signed, storable, undecodable, unsigned};

/// What became of one patch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Advanced {
    /// The row took it.
    Taken(PatchAnswer),
    /// The row had taken it, or a newer one of the same attempt, before.
    Repeated(PatchAnswer),
    /// Another attempt holds or held the job.
    Stale { attempt: u32 },
    /// The job cannot move there from where it is.
    Illegal { from: JobStatus },
    /// There is no such job.
    Unknown,
}

/// Applies patches of different jobs in one statement; one answer each, in their order.
///
/// Two patches of one job must come in two calls: one statement updates a row once.
pub(crate) async fn advance(
    db: impl PgExecutor<'_> + Copy,
    patches: &[AddressedPatch],
) -> sqlx::Result<Vec<Advanced>> {
    let taken = take(db, patches).await?;
    let left: Vec<_> =
        patches.iter().filter(|p| !taken.contains_key(&p.id)).map(|p| p.id).collect();
    let standing = if left.is_empty() { HashMap::new() } else { standing(db, &left).await? };
    Ok(patches
        .iter()
        .map(|AddressedPatch { id, patch, .. }| match (taken.get(id), standing.get(id)) {
            (Some(answer), _) => Advanced::Taken(answer.clone()),
            (None, Some(row)) => row.judge(patch),
            (None, None) => Advanced::Unknown,
        })
        .collect())
}

/// Every legal move, as two columns.
fn moves() -> (Vec<String>, Vec<String>) {
    JobStatus::ALL
        .into_iter()
        .flat_map(|to| to.predecessors().map(move |from| (from.to_string(), to.to_string())))
        .unzip()
}

async fn take(
    db: impl PgExecutor<'_>,
    patches: &[AddressedPatch],
) -> sqlx::Result<HashMap<JobId, PatchAnswer>> {
    let column = |of: fn(&JobPatch) -> Option<String>| -> Vec<Option<String>> {
        patches.iter().map(|item| of(&item.patch)).collect()
    };
    let units = |of: fn(schema::Progress) -> u64| -> Vec<Option<i64>> {
        let clip = |units| i64::try_from(units).unwrap_or(i64::MAX);
        patches.iter().map(|item| item.patch.progress.map(|p| clip(of(p)))).collect()
    };
    let ids: Vec<_> = patches.iter().map(|item| item.id.0).collect();
    let attempts: Vec<_> = patches.iter().map(|item| signed(item.patch.attempt)).collect();
    let sequences: Vec<_> = patches.iter().map(|item| signed(item.patch.sequence)).collect();
    let nodes: Vec<_> = patches.iter().map(|item| item.patch.node.to_string()).collect();
    let events: Vec<_> = patches.iter().map(|item| item.patch.is_event()).collect();
    let cut_short: Vec<_> = patches.iter().map(|item| item.patch.cut_short).collect();
    let (from, to) = moves();
    let rows = sqlx::query!(
        r#"
        with patch as (
            select *, coalesce(status in ('submitted', 'running'), false) as begins
              from unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[],
                          $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::bool[],
                          $12::bool[], $13::text[])
                   as patch (id, attempt, sequence, node, status, stage, done, total, message,
                             report, is_event, cut_short, demand)
        ),
        taken as (
            update job
               set status = coalesce(patch.status, job.status),
                   stage = case when begins then patch.stage
                                else coalesce(patch.stage, job.stage) end,
                   progress_done = case when begins then patch.done
                                        else coalesce(patch.done, job.progress_done) end,
                   progress_total = case when begins then patch.total
                                         else coalesce(patch.total, job.progress_total) end,
                   message = coalesce(patch.message, job.message),
                   attempt = patch.attempt,
                   demand = coalesce(patch.demand::json, job.demand),
                   cut_short = job.cut_short + patch.cut_short::int,
                   sequence = greatest(patch.sequence,
                                       case when patch.attempt = job.attempt
                                            then job.sequence end),
                   node = case patch.status when 'submitted' then null else patch.node end,
                   forwarded_at = case patch.status when 'submitted' then null
                                       else coalesce(job.forwarded_at, now()) end,
                   started_at = case patch.status when 'running' then now() else job.started_at end,
                   settled_at = case when patch.status in ('completed', 'failed', 'cancelled')
                                     then now() end,
                   updated_at = now()
              from patch
             where job.id = patch.id
               and (
                       -- A new attempt takes a job that nobody holds.
                       (job.status = 'submitted' and patch.attempt = job.attempt + 1
                        and patch.status is not null)
                       -- News of the attempt that holds it; a move is final, and never too late.
                       or (job.status = 'running' and patch.attempt = job.attempt
                           and patch.node = job.node
                           and (patch.sequence > job.sequence or patch.status is not null))
                   )
               and (patch.status is null
                    or exists (select from unnest($14::text[], $15::text[]) as legal (origin, goal)
                                where legal.origin = job.status and legal.goal = patch.status))
            returning job.id, job.status, job.attempt, job.cancel_requested, patch.stage,
                      patch.node, patch.message, patch.report, patch.is_event
        ),
        told as (
            insert into job_event (job, status, attempt, stage, node, message)
            select id, status, attempt, stage, node, message from taken where is_event
        ),
        reported as (
            insert into job_report (job, body)
            select id, report::json from taken where report is not null
                on conflict (job) do update set body = excluded.body
        )
        select id, status, attempt, cancel_requested from taken
        "#,
        &ids,
        &attempts,
        &sequences,
        &nodes,
        &column(|patch| patch.status.map(|status| status.to_string())) as _,
        &column(|patch| patch.stage.as_deref().map(storable)) as _,
        &units(|progress| progress.done) as _,
        &units(|progress| progress.total) as _,
        &column(|patch| patch.message.as_deref().map(storable)) as _,
        &column(|patch| patch.report.as_ref().map(|report| report.get().to_owned())) as _,
        &events,
        &cut_short,
        &column(|patch| patch.demand.as_ref().map(json)) as _,
        &from,
        &to,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let answer = PatchAnswer {
                status: row.status.parse().map_err(undecodable)?,
                attempt: unsigned(row.attempt),
                cancel_requested: row.cancel_requested,
            };
            Ok((JobId(row.id), answer))
        })
        .collect()
}

fn json(demand: &Demand) -> String {
    serde_json::to_string(demand).expect("a demand has only numbers and text")
}

/// How a job stands whose row did not take a patch.
struct Standing {
    answer: PatchAnswer,
    sequence: u32,
    node: Option<NodeId>,
}

impl Standing {
    fn judge(&self, patch: &JobPatch) -> Advanced {
        let same_attempt =
            patch.attempt == self.answer.attempt && Some(&patch.node) == self.node.as_ref();
        let handed_back = self.node.is_none() && patch.attempt == self.answer.attempt;
        if (same_attempt || handed_back) && patch.sequence <= self.sequence {
            return Advanced::Repeated(self.answer.clone());
        }
        if patch.attempt <= self.answer.attempt && !same_attempt {
            return Advanced::Stale { attempt: self.answer.attempt };
        }
        Advanced::Illegal { from: self.answer.status }
    }
}

async fn standing(
    db: impl PgExecutor<'_>,
    ids: &[JobId],
) -> sqlx::Result<HashMap<JobId, Standing>> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"
        select id, status, attempt, sequence, node, cancel_requested
          from job
         where id = any($1)
        "#,
        &ids,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let standing = Standing {
                answer: PatchAnswer {
                    status: row.status.parse().map_err(undecodable)?,
                    attempt: unsigned(row.attempt),
                    cancel_requested: row.cancel_requested,
                },
                sequence: unsigned(row.sequence),
                node: row.node.map(NodeId::new).transpose().map_err(undecodable)?,
            };
            Ok((JobId(row.id), standing))
        })
        .collect()
}
