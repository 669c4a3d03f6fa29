//! The guarded update: the row takes a patch only if it is newer than what it knows.

mod words;

use std::collections::{HashMap, HashSet};

use schema::{AddressedPatch, Demand, JobId, JobPatch, JobStatus, NodeId, PatchAnswer};
use sqlx::PgExecutor;

use self::words::Words;
use super::row::{signed, storable, undecodable, unsigned};

/// What became of one patch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Advanced {
    /// The row took it.
    Taken(PatchAnswer),
    /// The row took it together with a later one.
    Along(PatchAnswer),
    /// The row had taken it, or a newer one of the same attempt, before.
    Repeated(PatchAnswer),
    /// Another attempt holds or held the job.
    Stale { attempt: u32 },
    /// The job cannot move there from where it is.
    Illegal { from: JobStatus },
    /// The job was not handed to the node that wants to have it.
    NotHanded,
    /// There is no such job.
    Unknown,
}

/// Who says something of jobs.
#[derive(Debug)]
pub(crate) enum Speaker<'a> {
    /// Somebody who may claim whatever waits.
    Any,
    /// A node that may claim what the tables say that it has, and what it was promised.
    Node {
        /// Its name; other names are not heard from it.
        name: &'a NodeId,
        /// What it was promised of the jobs that it speaks of.
        promised: HashSet<JobId>,
    },
}

impl Speaker<'_> {
    /// Whether the job may be claimed although the tables do not say who has it.
    fn may_claim(&self, id: JobId) -> bool {
        match self {
            Self::Any => true,
            Self::Node { promised, .. } => promised.contains(&id),
        }
    }
}

/// Applies patches, each job's in their order; one answer each.
///
/// What one attempt says of a job in a row is taken together: one statement, one new version of the
/// row, however many stages a short job has come through.
pub(crate) async fn advance(
    db: impl PgExecutor<'_> + Copy,
    patches: &[AddressedPatch],
    by: &Speaker<'_>,
) -> sqlx::Result<Vec<Advanced>> {
    let mut answers: Vec<_> = patches.iter().map(|_| Advanced::Unknown).collect();
    let mut waiting = words::gather(patches);
    while !waiting.is_empty() {
        let (said, later) = words::distinct(waiting);
        let taken = take(db, &said, by).await?;
        let (said, apart) = words::apart(said, |words| taken.contains_key(&words.id));
        let left: Vec<_> =
            said.iter().filter(|w| !taken.contains_key(&w.id)).map(|w| w.id).collect();
        let standing = if left.is_empty() { HashMap::new() } else { standing(db, &left).await? };
        for words in said {
            answers[words.last().0] = match (taken.get(&words.id), standing.get(&words.id)) {
                (Some(answer), _) => Advanced::Taken(answer.clone()),
                (None, Some(row)) => row.judge(words.id, words.last().1, by),
                (None, None) => Advanced::Unknown,
            };
            for (place, _) in words.earlier() {
                let along = taken.get(&words.id).cloned().map(Advanced::Along);
                answers[*place] = along.unwrap_or(Advanced::Unknown);
            }
        }
        waiting = apart.into_iter().chain(later).collect();
    }
    Ok(answers)
}

/// Every legal move, as two columns.
fn moves() -> (Vec<String>, Vec<String>) {
    JobStatus::ALL
        .into_iter()
        .flat_map(|to| to.predecessors().map(move |from| (from.to_string(), to.to_string())))
        .unzip()
}

/// Takes words of different jobs, each as a whole.
async fn take(
    db: impl PgExecutor<'_>,
    said: &[Words<'_>],
    by: &Speaker<'_>,
) -> sqlx::Result<HashMap<JobId, PatchAnswer>> {
    let texts = |of: fn(&Words<'_>) -> Option<String>| -> Vec<Option<String>> {
        said.iter().map(of).collect()
    };
    let counts = |of: fn(&JobPatch) -> u32| -> Vec<i32> {
        said.iter().map(|words| signed(of(words.last().1))).collect()
    };
    let units = |of: fn(schema::Progress) -> u64| -> Vec<Option<i64>> {
        let clip = |units| i64::try_from(units).unwrap_or(i64::MAX);
        said.iter().map(|words| words.standing(|p| p.progress).map(|p| clip(of(p)))).collect()
    };
    let ids: Vec<_> = said.iter().map(|words| words.id.0).collect();
    let events: Vec<_> = said.iter().map(|words| words.last().1.is_event()).collect();
    let cut_short: Vec<_> = said.iter().map(|words| words.last().1.cut_short).collect();
    let news_from: Vec<_> = said.iter().map(|words| words.news_from().map(signed)).collect();
    let may_claim: Vec<_> = said.iter().map(|words| by.may_claim(words.id)).collect();
    let (from, to) = moves();
    let rows = sqlx::query!(
        r#"
        with patch as (
            select *, coalesce(status in ('submitted', 'running'), false) as begins
              from unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[],
                          $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::bool[],
                          $12::bool[], $13::text[], $16::int[], $17::text[], $18::text[],
                          $19::text[], $20::bool[])
                   as patch (id, attempt, sequence, node, status, stage, done, total, message,
                             report, is_event, cut_short, demand, news_from, last_stage,
                             last_message, earlier, may_claim)
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
                        and patch.status is not null
                        and (may_claim or job.node = patch.node))
                       -- News of the attempt that holds it; a move is final, and never too late.
                       or (job.status = 'running' and patch.attempt = job.attempt
                           and patch.node = job.node
                           and (patch.news_from is null or patch.news_from > job.sequence))
                   )
               and (patch.status is null
                    or exists (select from unnest($14::text[], $15::text[]) as legal (origin, goal)
                                where legal.origin = job.status and legal.goal = patch.status))
            returning job.id, job.status, job.attempt, job.cancel_requested, patch.node,
                      patch.report, patch.is_event, patch.last_stage, patch.last_message,
                      patch.earlier,
                      case when job.settled_at is not null then job.notify end as notify
        ),
        told as (
            insert into job_event (job, status, attempt, stage, node, message)
            select id, 'running', attempt, event.stage, node, event.message
              from taken, json_to_recordset(earlier::json) as event (stage text, message text)
            union all
            select id, status, attempt, last_stage, node, last_message from taken where is_event
        ),
        reported as (
            insert into job_report (job, body)
            select id, report::json from taken where report is not null
                on conflict (job) do update set body = excluded.body
        ),
        notified as (
            insert into notification (job, target)
            select taken.id, target.value
              from taken, json_array_elements(taken.notify) as target
        )
        select id, status, attempt, cancel_requested from taken
        "#,
        &ids,
        &counts(|patch| patch.attempt),
        &counts(|patch| patch.sequence),
        &texts(|words| Some(words.last().1.node.to_string())) as _,
        &texts(|words| words.last().1.status.map(|status| status.to_string())) as _,
        &texts(|words| words.standing(|patch| patch.stage.as_deref()).map(storable)) as _,
        &units(|progress| progress.done) as _,
        &units(|progress| progress.total) as _,
        &texts(|words| words.newest(|patch| patch.message.as_deref()).map(storable)) as _,
        &texts(|words| words.last().1.report.as_ref().map(|report| report.get().to_owned())) as _,
        &events,
        &cut_short,
        &texts(|words| words.last().1.demand.as_ref().map(json)) as _,
        &from,
        &to,
        &news_from as _,
        &texts(|words| words.last().1.stage.as_deref().map(storable)) as _,
        &texts(|words| words.last().1.message.as_deref().map(storable)) as _,
        &texts(|words| words.earlier_events()) as _,
        &may_claim,
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
    fn judge(&self, id: JobId, patch: &JobPatch, by: &Speaker<'_>) -> Advanced {
        if let Speaker::Node { name, .. } = by {
            // What somebody else has is no concern of theirs.
            if self.node.as_ref().is_some_and(|holder| holder != *name) {
                return Advanced::Unknown;
            }
            let begins = patch.attempt > self.answer.attempt;
            if begins && self.node.is_none() && !by.may_claim(id) {
                return Advanced::NotHanded;
            }
        }
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
