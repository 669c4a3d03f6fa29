//! `job_event`: the past of every job.

use schema::{JobEvent, JobId, NodeId};
use sqlx::PgExecutor;

use super::row::{undecodable, unsigned};

/// What happened to the job after the event `after`, oldest first.
pub(crate) async fn list(
    db: impl PgExecutor<'_>,
    job: JobId,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<JobEvent>> {
    let rows = sqlx::query!(
        r#"
        select id, at, status, attempt, stage, node, message
          from job_event
         where job = $1
           and id > $2
         order by id
         limit $3
        "#,
        job.0,
        after,
        limit,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(JobEvent {
                id: row.id,
                job,
                at: row.at.to_jiff(),
                status: row.status.parse().map_err(undecodable)?,
                attempt: unsigned(row.attempt),
                stage: row.stage,
                node: row.node.map(NodeId::new).transpose().map_err(undecodable)?,
                message: row.message,
            })
        })
        .collect()
}
