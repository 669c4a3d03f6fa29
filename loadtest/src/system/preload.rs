//! Jobs that wait on a node, put into the tables in one go.

use sqlx::PgPool;

/// What accepting and handing over so many jobs leaves; each instruction is 1 KiB long.
const STATEMENTS: [&str; 3] = [
    r#"insert into instruction (key, kind, body)
       select 'waiting-' || n, 'sleep',
              ('{"milliseconds": ' || repeat(' ', 1000) || $2::bigint || '}')::json
         from generate_series(1, $1) as n"#,
    r"insert into job (id, key, kind, node, forwarded_at)
      select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'waiting-' || n,
             'sleep', 'node-1', now()
        from generate_series(1, $1) as n
       where $2::bigint >= 0",
    r"insert into job_event (job, status, attempt, message)
      select id, status, attempt, 'accepted' from job
       where $1::bigint > 0 and $2::bigint >= 0
       order by id",
];

/// So many jobs wait on the first node, each for so many milliseconds of sleep.
pub(crate) async fn jobs(db: &PgPool, count: u32, milliseconds: u32) -> anyhow::Result<()> {
    for statement in STATEMENTS {
        let query = sqlx::query(statement).bind(i64::from(count)).bind(i64::from(milliseconds));
        query.execute(db).await?;
    }
    sqlx::raw_sql("analyze instruction, job, job_event").execute(db).await?;
    Ok(())
}

/// Jobs of which nothing more is heard.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Crowd {
    /// How many wait, on a node that is not ours.
    pub(crate) unsettled: u32,
    /// How many are settled, with their histories.
    pub(crate) settled: u32,
}

/// Each has an instruction of 1 KiB, and a history. Their ids come before all others.
const CROWD: [&str; 4] = [
    r#"insert into instruction (key, kind, body)
       select 'crowd-' || n, 'sleep',
              ('{"milliseconds": ' || repeat(' ', 1000) || '0}')::json
         from generate_series(1, $1::bigint + $2::bigint) as n"#,
    r"insert into job (id, key, kind, node, status, attempt, submitted_at, forwarded_at, started_at,
                       settled_at)
      select ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, 'crowd-' || n, 'sleep',
             'elsewhere', case when n > $1 then 'completed' else 'submitted' end, (n > $1)::int,
             now(), now(), case when n > $1 then now() end, case when n > $1 then now() end
        from generate_series(1, $1::bigint + $2::bigint) as n",
    r"insert into job_event (job, status, attempt, message)
      select id, 'submitted', 0, 'accepted' from job where $1::bigint + $2::bigint >= 0",
    r"insert into job_event (job, status, attempt, message)
      select id, step, 1, 'crowd' from job, unnest(array['running', 'completed']) as step
       where settled_at is not null and $1::bigint + $2::bigint >= 0",
];

/// Fills the tables.
pub(crate) async fn crowd(db: &PgPool, crowd: Crowd) -> anyhow::Result<()> {
    for statement in CROWD {
        let query = sqlx::query(statement).bind(i64::from(crowd.unsettled));
        query.bind(i64::from(crowd.settled)).execute(db).await?;
    }
    sqlx::raw_sql("vacuum analyze instruction, job, job_event").execute(db).await?;
    sqlx::raw_sql("checkpoint").execute(db).await?;
    Ok(())
}

/// Every job with a later id came over HTTP.
pub(crate) const LAST: &str = "00000001-0000-7000-8000-000000000000";

/// The id of the job with this number, from 1.
pub(crate) fn id(number: u32) -> String {
    format!("00000000-0000-7000-8000-{number:012x}")
}
