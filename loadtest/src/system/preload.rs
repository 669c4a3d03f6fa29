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

/// The id of the job with this number, from 1.
pub(crate) fn id(number: u32) -> String {
    format!("00000000-0000-7000-8000-{number:012x}")
}
