//! Rows as the tables hold them, and the types they are checked into.

use jiff_sqlx::Timestamp;
use schema::{Job, JobId, Key, Kind, NodeId, Progress, TraceParent};
use serde_json::value::RawValue;
use uuid::Uuid;

/// A row of `job`.
pub(super) struct JobRow {
    pub(super) id: Uuid,
    pub(super) number: i64,
    pub(super) key: String,
    pub(super) kind: String,
    pub(super) tenant: Option<String>,
    pub(super) submitted_by: Option<String>,
    pub(super) status: String,
    pub(super) stage: Option<String>,
    pub(super) progress_done: Option<i64>,
    pub(super) progress_total: Option<i64>,
    pub(super) message: Option<String>,
    pub(super) attempt: i32,
    pub(super) cut_short: i32,
    pub(super) node: Option<String>,
    pub(super) demand: Option<String>,
    pub(super) cancel_requested: bool,
    pub(super) rerun_of: Option<Uuid>,
    pub(super) submitted_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) updated_at: Timestamp,
    pub(super) settled_at: Option<Timestamp>,
}

impl TryFrom<JobRow> for Job {
    type Error = sqlx::Error;

    fn try_from(row: JobRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: JobId(row.id),
            number: row.number,
            key: Key::new(row.key).map_err(undecodable)?,
            kind: Kind::new(row.kind).map_err(undecodable)?,
            tenant: row.tenant,
            submitted_by: row.submitted_by,
            status: row.status.parse().map_err(undecodable)?,
            stage: row.stage,
            progress: row.progress_done.zip(row.progress_total).map(progress),
            message: row.message,
            attempt: unsigned(row.attempt),
            cut_short: unsigned(row.cut_short),
            node: row.node.map(NodeId::new).transpose().map_err(undecodable)?,
            demand: row
                .demand
                .as_deref()
                .map(serde_json::from_str)
                .transpose()
                .map_err(undecodable)?,
            cancel_requested: row.cancel_requested,
            rerun_of: row.rerun_of.map(JobId),
            traceparent: None,
            submitted_at: row.submitted_at.to_jiff(),
            started_at: row.started_at.map(Timestamp::to_jiff),
            updated_at: row.updated_at.to_jiff(),
            settled_at: row.settled_at.map(Timestamp::to_jiff),
            instruction: None,
            held: None,
            report: None,
        })
    }
}

fn progress((done, total): (i64, i64)) -> Progress {
    Progress { done: done.unsigned_abs(), total: total.unsigned_abs() }
}

/// Counts that are never negative in the table.
pub(super) fn unsigned(count: i32) -> u32 {
    count.unsigned_abs()
}

/// A count on its way into the table; what does not fit is as large as can be.
pub(super) fn signed(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A word for people as a column can hold it: PostgreSQL's `text` knows no NUL. Refusing the word
/// would refuse the news it came with, and its sender would say it for ever.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// What the table holds although no code writes it.
pub(super) fn undecodable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

/// A trace, as the table holds it.
pub(super) fn trace(text: Option<String>) -> Result<Option<TraceParent>, sqlx::Error> {
    text.map(TraceParent::try_from).transpose().map_err(undecodable)
}

/// JSON text of the table, as it was sent.
pub(super) fn raw(json: String) -> Result<Box<RawValue>, sqlx::Error> {
    RawValue::from_string(json).map_err(undecodable)
}
