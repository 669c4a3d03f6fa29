//! What the database can do at best: pgbench, inserting one row a commit.

use std::{io::Write as _, process::Stdio};

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use crate::system::{Database, pgbench};

/// One row as an accepted instruction would be, were it one row.
const TABLE: &str = r"
create table accepted (
    id     uuid primary key,
    key    text not null unique,
    status text not null default 'submitted',
    body   jsonb not null
);
create index on accepted (id) where status = 'submitted'";

/// Rows per second, with so many clients, for so many seconds.
pub(super) async fn run(database: &Database, clients: u32, seconds: u32) -> anyhow::Result<f64> {
    let mut script = tempfile::NamedTempFile::new().context("make a file for pgbench")?;
    writeln!(script, "{}", insert())?;
    let mut command = Command::new(pgbench()?);
    command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
    command.arg(format!("--client={clients}")).arg(format!("--time={seconds}"));
    command.arg("--file").arg(script.path()).arg(&database.url);
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.context("start pgbench")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
    rate(&said).with_context(|| format!("pgbench said no rate: {said}"))
}

/// Makes the table that pgbench fills.
pub(super) async fn prepare(database: &Database) -> anyhow::Result<()> {
    sqlx::raw_sql(TABLE).execute(database.pool()).await.context("make pgbench's table")?;
    Ok(())
}

fn insert() -> String {
    let body = "x".repeat(1060);
    format!(
        "insert into accepted (id, key, body) values \
         (gen_random_uuid(), gen_random_uuid()::text, '{{\"text\": \"{body}\"}}');"
    )
}

fn rate(said: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.starts_with("tps = "))?;
    line.split_whitespace().nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_rate_is_read_from_what_pgbench_says() {
        let said = "latency average = 1 ms\ntps = 1234.5 (without initial connection time)\n";
        assert_eq!(super::rate(said), Some(1234.5));
        assert_eq!(super::rate("nothing"), None);
    }
}
