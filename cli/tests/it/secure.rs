//! Two services that speak TLS, and believe each other by the node's own key.

use schema::JobStatus;
use sqlx::PgPool;

use crate::system::{System, until};

#[sqlx::test]
async fn a_job_is_done_where_everything_is_encrypted_and_signed(db: PgPool) {
    let mut system = System::new(&db);
    system.secure();
    let (_web, _node) = (system.start("webservice"), system.start("service"));
    let id = system.submit_sleep(1);
    let (job, _) = system.until_status(&id, JobStatus::Completed);
    assert_eq!(job.node.unwrap().as_str(), "node-a");

    let shown = system.client(&["regulator", "show", "--key-file", &system.key_file()]);
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let refused = system.client(&["regulator", "show", "--token", "of this test"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("must be signed"));
}

#[sqlx::test]
async fn a_token_beside_keys_is_warned_of(db: PgPool) {
    let mut system = System::new(&db);
    system.secure();
    let web = system.start("webservice");
    until("it listens", || (system.logged("webservice", "listens") > 0).then_some(()));
    assert_eq!(system.logged("webservice", "leave it away"), 0);
    web.kill();
    system.configure("[webservice]", "[webservice]\ntoken = \"of this test\"");
    let _web = system.start("webservice");
    until("it is warned of", || (system.logged("webservice", "leave it away") > 0).then_some(()));
}

#[sqlx::test]
async fn a_node_with_another_key_is_not_heard_until_it_has_the_right_one(db: PgPool) {
    let mut system = System::new(&db);
    system.secure();
    let _web = system.start("webservice");
    let right = std::fs::read_to_string(system.key_file()).unwrap();
    let wrong = "whsec_enp6enp6enp6enp6enp6enp6enp6enp6";
    std::fs::write(system.node_key_file(), wrong).unwrap();
    let _node = system.start("service");
    until("the node is told", || (system.logged("service", "does not fit") > 0).then_some(()));
    std::fs::write(system.node_key_file(), right).unwrap();
    system.until_live(&["node-a"]);
}
