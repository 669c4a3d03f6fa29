//! Nothing accepted is lost, and nothing is settled twice.

use std::{
    fs,
    path::{Path, PathBuf},
};

use schema::{JobEvent, JobStatus};
use sqlx::PgPool;

use crate::system::System;

fn statuses(events: &[JobEvent]) -> Vec<JobStatus> {
    let mut statuses: Vec<_> = events.iter().map(|event| event.status).collect();
    statuses.dedup();
    statuses
}

#[sqlx::test]
async fn a_digester_service_killed_in_the_middle_of_a_job_completes_it_after_its_restart(
    db: PgPool,
) {
    use JobStatus::{Completed, Running, Submitted};
    let system = System::new(&db);
    let _web = system.start("webservice");
    let node = system.start("service");
    let id = system.submit_sleep(1500);
    system.until_status(&id, Running);

    node.kill();
    let _node = system.start("service");

    let (job, events) = system.until_status(&id, Completed);
    assert_eq!(job.attempt, 2);
    assert_eq!(statuses(&events), [Submitted, Running, Submitted, Running, Completed]);
}

#[sqlx::test]
async fn a_digest_in_a_process_of_its_own_ends_with_its_node_and_runs_again(db: PgPool) {
    use JobStatus::{Completed, Running};
    let system = System::new(&db);
    system.configure("[service.limits]", "[service.sandbox]\n[service.limits]");
    let _web = system.start("webservice");
    let node = system.start("service");
    let id = system.submit_sleep(1500);
    system.until_status(&id, Running);
    let digest = crate::system::until("the digest's process begins", || child_of(node.0.id()));

    node.kill();
    crate::system::until("the digest's process ends", || (!lives(&digest)).then_some(()));
    let _node = system.start("service");

    let (job, _) = system.until_status(&id, Completed);
    assert_eq!(job.attempt, 2);
}

/// What the kernel tells of a process: its state, then who began it.
fn stat(process: &Path) -> Option<(String, u32)> {
    let text = fs::read_to_string(process.join("stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

fn child_of(parent: u32) -> Option<PathBuf> {
    let processes = fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
    processes.into_iter().find(|process| stat(process).is_some_and(|(_, by)| by == parent))
}

fn lives(process: &Path) -> bool {
    stat(process).is_some_and(|(state, _)| state != "Z")
}

#[sqlx::test]
async fn a_job_that_ends_while_the_web_service_is_away_is_not_digested_twice(db: PgPool) {
    use JobStatus::{Completed, Running, Submitted};
    let system = System::new(&db);
    let mut web = system.start("webservice");
    let _node = system.start("service");
    let id = system.submit_sleep(1500);
    system.until_status(&id, Running);

    web.terminate();
    web.0.wait().unwrap();
    crate::system::until("the digest ends", || {
        (system.logged("service", "woke up") == 1).then_some(())
    });
    let _web = system.start("webservice");

    let (job, events) = system.until_status(&id, Completed);
    assert_eq!(job.attempt, 1);
    assert_eq!(statuses(&events), [Submitted, Running, Completed]);
    assert_eq!(system.logged("service", "woke up"), 1);
}

#[sqlx::test]
async fn a_job_submitted_while_no_digester_service_is_there_runs_once_one_comes(db: PgPool) {
    let system = System::new(&db);
    let _web = system.start("webservice");
    let id = system.submit_sleep(1);
    let _node = system.start("service");
    let (job, _) = system.until_status(&id, JobStatus::Completed);
    assert_eq!(job.attempt, 1);
}

#[sqlx::test]
async fn a_terminated_digester_service_hands_back_what_it_cannot_finish(db: PgPool) {
    let system = System::new(&db);
    system.configure("[service.limits]", "[service.limits]\ndrain_seconds = 0");
    let _web = system.start("webservice");
    let mut node = system.start("service");
    let id = system.submit_sleep(600_000);
    system.until_status(&id, JobStatus::Running);

    node.terminate();
    assert!(node.0.wait().unwrap().success());

    let (job, events) = system.until_status(&id, JobStatus::Submitted);
    assert_eq!(job.node, None);
    let last = events.last().and_then(|event| event.message.clone()).unwrap();
    assert!(last.contains("handed back"), "{last}");
}
