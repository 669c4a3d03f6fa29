//! `instruction`: key → JSON, and the creation of both instruction and job.

use schema::{Instruction, Job, JobId, Key, Kind, NewInstruction, NewJob};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use crate::error::is_outage;

use super::{
    job,
    row::{JobRow, raw, undecodable},
};

/// What became of a creation.
pub(crate) enum Acceptance {
    /// Instruction, job and first event are written.
    Created(Job),
    /// The very same was created before.
    Known(Job),
    /// The key, or the job's id, belongs to something else.
    Taken(Job),
}

/// Writes instruction, job and first event, or nothing.
///
/// Creating the same twice is the same as creating it once.
pub(crate) async fn accept(db: &PgPool, new: &NewInstruction) -> sqlx::Result<Acceptance> {
    let key = new.key.clone().unwrap_or_else(made_up_key);
    if let Some(job) = insert(db, JobId::mint(), &key, new, None).await? {
        return Ok(Acceptance::Created(job));
    }
    // The key exists, and instructions are for ever: nothing can change between the two statements.
    let same = same_instruction(db, &key, new).await?;
    let job = job::latest_of(db, &key).await?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(if same { Acceptance::Known(job) } else { Acceptance::Taken(job) })
}

/// Writes a job that a node was given directly, with its instruction; or notes where a job waits.
///
/// `None`: the job is not known, and its instruction did not come with it.
pub(crate) async fn announce(db: &PgPool, new: &NewJob) -> sqlx::Result<Option<Acceptance>> {
    if let Some(known) = known(db, new).await? {
        return Ok(Some(known));
    }
    let Some(order) = order(new) else { return Ok(None) };
    match insert(db, new.id, &new.key, &order, new.node.as_ref()).await {
        Ok(Some(job)) => return Ok(Some(Acceptance::Created(job))),
        Ok(None) => {}
        // The id was announced a moment ago, under another key.
        Err(error) if violates(&error, "job_pkey") => {}
        Err(error) => return Err(error),
    }
    // Either this very job was announced a moment ago, or the key belongs to another job.
    match known(db, new).await? {
        Some(known) => Ok(Some(known)),
        None => Ok(job::latest_of(db, &new.key).await?.map(Acceptance::Taken)),
    }
}

/// The job, if there is one with this id, and whether it is the one that is announced.
async fn known(db: &PgPool, new: &NewJob) -> sqlx::Result<Option<Acceptance>> {
    let Some(job) = job::find(db, new.id).await? else { return Ok(None) };
    let same = job.key == new.key
        && job.kind == new.kind
        && match order(new) {
            Some(order) => same_instruction(db, &new.key, &order).await?,
            None => true,
        };
    if !same {
        return Ok(Some(Acceptance::Taken(job)));
    }
    let Some(node) = &new.node else { return Ok(Some(Acceptance::Known(job))) };
    Ok(job::hold(db, new.id, node).await?.map(Acceptance::Known))
}

fn order(new: &NewJob) -> Option<NewInstruction> {
    Some(NewInstruction {
        key: Some(new.key.clone()),
        kind: new.kind.clone(),
        tenant: new.tenant.clone(),
        submitted_by: new.submitted_by.clone(),
        body: new.instruction.clone()?,
    })
}

fn violates(error: &sqlx::Error, constraint: &str) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| error.constraint() == Some(constraint))
}

fn made_up_key() -> Key {
    Key::new(Uuid::now_v7().to_string()).expect("a UUID is a key")
}

async fn insert(
    db: impl PgExecutor<'_>,
    id: JobId,
    key: &Key,
    new: &NewInstruction,
    node: Option<&schema::NodeId>,
) -> sqlx::Result<Option<Job>> {
    let row = sqlx::query_as!(
        JobRow,
        r#"
        with kept as (
            insert into instruction (key, kind, tenant, submitted_by, body)
            values ($2, $3, $4, $5, ($6::text)::json)
            on conflict (key) do nothing
            returning key, kind, tenant, submitted_by
        ),
        made as (
            insert into job (id, key, kind, tenant, submitted_by, node, forwarded_at)
            select $1, key, kind, tenant, submitted_by, $7,
                   case when $7::text is null then null else now() end
              from kept
            returning *
        ),
        told as (
            insert into job_event (job, status, attempt, node, message)
            select id, status, attempt, node, 'accepted' from made
        )
        select id as "id!", number as "number!", key as "key!", kind as "kind!", tenant,
               submitted_by, status as "status!", stage, progress_done, progress_total, message,
               attempt as "attempt!", node, cancel_requested as "cancel_requested!", rerun_of,
               submitted_at as "submitted_at!", started_at, updated_at as "updated_at!", settled_at,
               cut_short as "cut_short!"
          from made
        "#,
        id.0,
        key.as_str(),
        new.kind.as_str(),
        new.tenant.as_deref(),
        new.submitted_by.as_deref(),
        new.body.get(),
        node.map(schema::NodeId::as_str),
    )
    .fetch_optional(db)
    .await?;
    row.map(Job::try_from).transpose()
}

/// Whether the instruction under this key says the same, white space and order of names aside.
async fn same_instruction(
    db: impl PgExecutor<'_> + Copy,
    key: &Key,
    new: &NewInstruction,
) -> sqlx::Result<bool> {
    let Some(kept) = find(db, key).await? else { return Ok(false) };
    if kept.kind != new.kind || kept.tenant != new.tenant {
        return Ok(false);
    }
    // The text first: not every JSON text can be compared by what it means.
    Ok(kept.body.get() == new.body.get() || same_meaning(db, key, new.body.get()).await?)
}

async fn same_meaning(db: impl PgExecutor<'_>, key: &Key, body: &str) -> sqlx::Result<bool> {
    let same = sqlx::query_scalar!(
        r#"select body::jsonb = ($2::text)::jsonb as "same!" from instruction where key = $1"#,
        key.as_str(),
        body,
    )
    .fetch_one(db)
    .await;
    match same {
        // A lone surrogate, an escaped NUL, a number beyond all bounds: the texts differ.
        Err(error) if error.as_database_error().is_some() && !is_outage(&error) => Ok(false),
        same => same,
    }
}

/// The instruction kept under this key.
pub(crate) async fn find(db: impl PgExecutor<'_>, key: &Key) -> sqlx::Result<Option<Instruction>> {
    let row = sqlx::query!(
        r#"
        select key, kind, tenant, submitted_by, created_at, body::text as "body!"
          from instruction
         where key = $1
        "#,
        key.as_str(),
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Instruction {
            key: Key::new(row.key).map_err(undecodable)?,
            kind: Kind::new(row.kind).map_err(undecodable)?,
            tenant: row.tenant,
            submitted_by: row.submitted_by,
            created_at: row.created_at.to_jiff(),
            body: raw(row.body)?,
        })
    })
    .transpose()
}
