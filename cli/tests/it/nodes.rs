//! Several nodes beside one web service.

use schema::JobStatus;
use sqlx::PgPool;

use crate::system::{Process, System, until};

/// A system with a short lease and two nodes, which are live.
struct Pair {
    system: System,
    _web: Process,
    nodes: [(&'static str, Process); 2],
}

impl Pair {
    fn new(db: &PgPool) -> Self {
        let system = System::new(db);
        system.configure(
            "[webservice.forward]",
            "[webservice.lease]\nseconds = 3\n[webservice.forward]",
        );
        let web = system.start("webservice");
        let nodes = ["node-b", "node-c"].map(|name| (name, system.start_node(name)));
        system.until_live(&["node-b", "node-c"]);
        Self { system, _web: web, nodes }
    }

    /// Waits until a job runs, and tells its node from the other.
    fn until_running(&mut self, id: &str) -> (&'static str, &'static str) {
        let (job, _) = self.system.until_status(id, JobStatus::Running);
        if job.node.unwrap().as_str() != self.nodes[0].0 {
            self.nodes.swap(0, 1);
        }
        (self.nodes[0].0, self.nodes[1].0)
    }
}

#[sqlx::test]
async fn a_job_whose_node_was_killed_completes_on_another_in_its_second_attempt(db: PgPool) {
    let mut pair = Pair::new(&db);
    let id = pair.system.submit_sleep(1000);
    let (killed, other) = pair.until_running(&id);
    pair.nodes[0].1.0.kill().unwrap();

    let (job, events) = pair.system.until_status(&id, JobStatus::Completed);

    assert_eq!((job.attempt, job.cut_short), (2, 1));
    assert_eq!(job.node.unwrap().as_str(), other);
    let told = events.iter().filter_map(|event| event.message.as_deref());
    let lapsed = format!("attempt 1 was cut short: the lease of node {killed} lapsed");
    assert_eq!(told.filter(|message| *message == lapsed).count(), 1);
    pair.system.until_live(&[other]);
}

#[sqlx::test]
async fn a_node_that_was_stopped_past_its_lease_and_goes_on_changes_nothing(db: PgPool) {
    let mut pair = Pair::new(&db);
    let id = pair.system.submit_sleep(1000);
    let (stopped, other) = pair.until_running(&id);
    pair.nodes[0].1.signal("-STOP");
    let (completed, before) = pair.system.until_status(&id, JobStatus::Completed);
    assert_eq!((completed.attempt, completed.node.unwrap().as_str()), (2, other));

    pair.nodes[0].1.signal("-CONT");
    until("the stopped node is told that its outcome is not wanted", || {
        (pair.system.logged(stopped, "is not wanted") == 1).then_some(())
    });

    let (after, events) = pair.system.show(&id).unwrap();
    assert_eq!(after.attempt, 2);
    assert_eq!(events.len(), before.len(), "{events:#?}");
    let mut names = [stopped, other];
    names.sort_unstable();
    pair.system.until_live(&names);
}
