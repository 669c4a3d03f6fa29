//! Web services of two versions on the same tables.

use sqlx::PgPool;
use uuid::Uuid;

use crate::world::World;

/// What the first version wrote: a newer schema must take it as it is.
#[sqlx::test(migrations = "../migrations")]
async fn what_the_first_version_wrote_can_still_be_written_and_is_understood(db: PgPool) {
    let id = Uuid::now_v7();
    for statement in [
        "insert into instruction (key, kind, tenant, submitted_by, body)
         values ('old', 'sleep', null, null, '{}')",
        "insert into job (id, key, kind, tenant, submitted_by, node, forwarded_at)
         values ($1, 'old', 'sleep', null, null, null, null)",
        "insert into job_event (job, status, attempt, node, message)
         values ($1, 'submitted', 0, null, 'accepted')",
        "update job set status = 'running', attempt = 1, node = 'n1', started_at = now(),
                        forwarded_at = now()
          where id = $1",
        "insert into job_report (job, body) values ($1, '{}')",
    ] {
        let query = sqlx::query(statement);
        let query = if statement.contains("$1") { query.bind(id) } else { query };
        query.execute(&db).await.unwrap();
    }
    let world = World::new(&db).await;
    assert_eq!(world.job(id).await["status"], "running");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_web_service_starts_beside_tables_of_a_newer_version(db: PgPool) {
    let newer = "insert into _sqlx_migrations
                        (version, description, success, checksum, execution_time)
                 values (9999, 'of a newer version', true, '', 0)";
    sqlx::query(newer).execute(&db).await.unwrap();
    let world = World::new(&db).await;
    world.submit("a").await;
    // The forwarder, the keeper of leases and the rest only work once the tables are known.
    let boot = world.register("n1").await;
    assert_eq!(world.beat("n1", boot, serde_json::json!({"leaving": true})).await.status, 200);
    while world
        .get("/metrics")
        .await
        .text
        .lines()
        .all(|line| line != "digester_lease_lapses_total 1")
    {
        assert_eq!(world.get("/health/ready").await.status, 200);
    }
    world.stop().await;
}
