//! `instruction`: key → JSON, and the creation of both instruction and job.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use schema::{
    Instruction, Job, JobId, JobStatus, Key, Kind, NewInstruction, NewJob, NodeId, Notify,
    TraceParent,
};
use serde_json::value::RawValue;
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use crate::error::is_outage;

use super::{
    job,
    row::{raw, trace, undecodable},
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

/// Writes instructions, their jobs and first events in one commit; one answer each, in their order.
///
/// Creating the same twice is the same as creating it once.
pub(crate) async fn accept(db: &PgPool, news: &[NewInstruction]) -> sqlx::Result<Vec<Acceptance>> {
    let keys: Vec<_> = news.iter().map(|new| new.key.clone().unwrap_or_else(made_up_key)).collect();
    let orders: Vec<_> = keys.iter().zip(news).map(|(key, order)| Order { key, order }).collect();
    let ids: Vec<_> = orders.iter().map(|_| JobId::mint()).collect();
    let mut made = insert(db, &orders, &ids, None).await?;
    let mut accepted = Vec::with_capacity(orders.len());
    for order in &orders {
        accepted.push(match made.remove(order.key.as_str()) {
            Some(job) => Acceptance::Created(job),
            None => existing(db, order).await?,
        });
    }
    Ok(accepted)
}

/// What stands in the way of an order whose key exists.
async fn existing(db: &PgPool, order: &Order<'_>) -> sqlx::Result<Acceptance> {
    // Instructions never change, and go only long after their jobs have settled.
    let same = same_instruction(db, order.key, order.order).await? == Some(true);
    let job = job::latest_of(db, order.key).await?.ok_or(sqlx::Error::RowNotFound)?;
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
    let order = Order { key: &new.key, order: &order };
    let made = insert(db, &[order], &[new.id], new.node.as_ref()).await;
    match made.map(|mut made| made.remove(new.key.as_str())) {
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
            Some(order) => same_instruction(db, &new.key, &order).await? == Some(true),
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
        parent: None,
        traceparent: new.traceparent.clone(),
        notify: Vec::new(),
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

/// An instruction, and the key to keep it under.
struct Order<'a> {
    key: &'a Key,
    order: &'a NewInstruction,
}

/// Writes the orders whose key is new; of two with the same key, the first. Their jobs get the ids
/// one after the other, and are returned by their keys.
async fn insert(
    db: impl PgExecutor<'_>,
    orders: &[Order<'_>],
    ids: &[JobId],
    node: Option<&NodeId>,
) -> sqlx::Result<HashMap<String, Job>> {
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    let mut keys = HashSet::new();
    let orders: Vec<_> = orders.iter().filter(|order| keys.insert(order.key)).collect();
    let column = |of: fn(&NewInstruction) -> Option<&str>| -> Vec<Option<String>> {
        orders.iter().map(|order| of(order.order).map(str::to_owned)).collect()
    };
    let rows = sqlx::query!(
        r#"
        with kept as (
            insert into instruction
                   (key, kind, tenant, submitted_by, body, traceparent, parent, notify)
            select key, kind, tenant, submitted_by, body::json, traceparent, parent, notify::json
              from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $8::text[],
                          $9::text[], $10::text[])
                   as new (key, kind, tenant, submitted_by, body, traceparent, parent, notify)
                on conflict (key) do nothing
            returning key, kind, tenant, submitted_by, notify
        ),
        made as (
            insert into job (id, key, kind, tenant, submitted_by, node, forwarded_at, notify)
            select ($6::uuid[])[row_number() over ()], key, kind, tenant, submitted_by, $7::text,
                   case when $7 is null then null else now() end, notify
              from kept
            returning id, number, key, status, attempt, node, submitted_at, notify
        ),
        shown as (
            insert into notification (job, target)
            select made.id, target.value
              from made, json_array_elements(made.notify) as target
             where target.value -> 'mirror' is not null
        ),
        told as (
            insert into job_event (job, status, attempt, node, message)
            select id, status, attempt, node, 'accepted' from made
        )
        select id, number, key, submitted_at from made
        "#,
        &orders.iter().map(|order| order.key.to_string()).collect::<Vec<_>>(),
        &column(|order| Some(order.kind.as_str())) as _,
        &column(|order| order.tenant.as_deref()) as _,
        &column(|order| order.submitted_by.as_deref()) as _,
        &column(|order| Some(order.body.get())) as _,
        &ids,
        node.map(NodeId::as_str),
        &column(|order| order.traceparent.as_ref().map(TraceParent::as_str)) as _,
        &column(|order| order.parent.as_ref().map(Key::as_str)) as _,
        &orders.iter().map(|order| notify(order.order)).collect::<Vec<_>>() as _,
    )
    .fetch_all(db)
    .await?;
    let mut orders: HashMap<_, _> =
        orders.into_iter().map(|order| (order.key.as_str(), order)).collect();
    let jobs = rows.into_iter().filter_map(|row| {
        let order = orders.remove(row.key.as_str())?;
        let job = order.job(JobId(row.id), row.number, node, row.submitted_at.to_jiff());
        Some((row.key, job))
    });
    Ok(jobs.collect())
}

/// Who is to be told, as the table has it: nothing if it is nobody.
fn notify(order: &NewInstruction) -> Option<String> {
    let text = || serde_json::to_string(&order.notify).expect("a list of texts");
    (!order.notify.is_empty()).then(text)
}

impl Order<'_> {
    /// The job as it was just made.
    fn job(&self, id: JobId, number: i64, node: Option<&NodeId>, at: Timestamp) -> Job {
        Job {
            id,
            number,
            key: self.key.clone(),
            kind: self.order.kind.clone(),
            tenant: self.order.tenant.clone(),
            submitted_by: self.order.submitted_by.clone(),
            status: JobStatus::Submitted,
            stage: None,
            progress: None,
            message: None,
            attempt: 0,
            cut_short: 0,
            node: node.cloned(),
            demand: None,
            cancel_requested: false,
            rerun_of: None,
            traceparent: self.order.traceparent.clone(),
            submitted_at: at,
            started_at: None,
            updated_at: at,
            settled_at: None,
            instruction: None,
            held: None,
            report: None,
        }
    }
}

/// The key of an order, if it belongs to something else.
pub(crate) async fn taken(db: &PgPool, new: &NewInstruction) -> sqlx::Result<Option<Key>> {
    let Some(key) = &new.key else { return Ok(None) };
    let taken = same_instruction(db, key, new).await? == Some(false);
    Ok(taken.then(|| key.clone()))
}

/// Whether the instruction under this key, if there is one, says the same, white space and order of
/// names aside.
async fn same_instruction(
    db: impl PgExecutor<'_> + Copy,
    key: &Key,
    new: &NewInstruction,
) -> sqlx::Result<Option<bool>> {
    let Some(kept) = find(db, key).await? else { return Ok(None) };
    if kept.kind != new.kind || kept.tenant != new.tenant {
        return Ok(Some(false));
    }
    // The text first: not every JSON text can be compared by what it means.
    let same = kept.body.get() == new.body.get() || same_meaning(db, key, new.body.get()).await?;
    Ok(Some(same))
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

/// Which of these keys belong to instructions.
pub(crate) async fn keys(
    db: impl PgExecutor<'_>,
    among: &[String],
) -> sqlx::Result<HashSet<String>> {
    let keys = sqlx::query_scalar!("select key from instruction where key = any($1)", among);
    Ok(keys.fetch_all(db).await?.into_iter().collect())
}

/// Whether a node has, or had last, a job of this instruction, or was promised one of these.
pub(crate) async fn is_with(
    db: impl PgExecutor<'_>,
    key: &Key,
    node: &NodeId,
    promised: &[JobId],
) -> sqlx::Result<bool> {
    let promised: Vec<_> = promised.iter().map(|id| id.0).collect();
    sqlx::query_scalar!(
        r#"
        select exists (select from job where key = $1 and (node = $2 or id = any($3))) as "is_with!"
        "#,
        key.as_str(),
        node.as_str(),
        &promised,
    )
    .fetch_one(db)
    .await
}

/// The instruction kept under this key.
pub(crate) async fn find(db: impl PgExecutor<'_>, key: &Key) -> sqlx::Result<Option<Instruction>> {
    let row = sqlx::query!(
        r#"
        select key, kind, tenant, submitted_by, parent, created_at, body::text as "body!"
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
            parent: row.parent.map(Key::new).transpose().map_err(undecodable)?,
            created_at: row.created_at.to_jiff(),
            body: raw(row.body)?,
        })
    })
    .transpose()
}

/// Who is told of the ends of its jobs.
pub(crate) async fn told(db: impl PgExecutor<'_>, key: &Key) -> sqlx::Result<Vec<Notify>> {
    let told =
        sqlx::query_scalar!("select notify::text from instruction where key = $1", key.as_str());
    let told = told.fetch_optional(db).await?.flatten();
    told.map_or(Ok(Vec::new()), |told| serde_json::from_str(&told).map_err(undecodable))
}

/// An instruction that was made from another.
pub(crate) struct Child {
    pub(crate) key: Key,
    pub(crate) tenant: Option<String>,
}

/// The first instructions that were made from this one.
pub(crate) async fn children(
    db: impl PgExecutor<'_>,
    parent: &Key,
    limit: i64,
) -> sqlx::Result<Vec<Child>> {
    let rows = sqlx::query!(
        "select key, tenant from instruction where parent = $1 order by created_at limit $2",
        parent.as_str(),
        limit,
    )
    .fetch_all(db)
    .await?;
    let child = |key, tenant| Ok(Child { key: Key::new(key).map_err(undecodable)?, tenant });
    rows.into_iter().map(|row| child(row.key, row.tenant)).collect()
}

/// What an instruction brings to its jobs.
pub(crate) struct Brought {
    pub(crate) body: Box<RawValue>,
    pub(crate) traceparent: Option<TraceParent>,
}

/// What these instructions bring, in their order, as long as they fit into so many bytes.
pub(crate) async fn bring(
    db: impl PgExecutor<'_>,
    keys: &[&Key],
    bytes: i64,
) -> sqlx::Result<HashMap<String, Brought>> {
    let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
    let rows = sqlx::query!(
        r#"
        with sized as (
            select instruction.key, traceparent, body,
                   sum(pg_column_size(body)) over (order by place) as total
              from unnest($1::text[]) with ordinality as wanted (key, place)
              join instruction using (key)
        )
        select key, traceparent, body::text as "body!" from sized where total <= $2
        "#,
        &keys,
        bytes,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let (body, traceparent) = (raw(row.body)?, trace(row.traceparent)?);
            Ok((row.key, Brought { body, traceparent }))
        })
        .collect()
}
