//! The trace that an instruction came with.

use reqwest::Method;
use schema::TraceParent;
use sqlx::PgPool;

use crate::world::{World, id, instruction, send};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The trace of the job that this request makes.
async fn trace(world: &World, key: &str, header: Option<&str>) -> String {
    let mut request = world.request(Method::POST, "/instruction").json(&instruction(key));
    if let Some(header) = header {
        request = request.header("traceparent", header);
    }
    let job = id(&send(request).await.json()["job"]);
    world.job(job).await["traceparent"].as_str().unwrap().to_owned()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_belongs_to_the_trace_of_the_request_that_made_it_or_to_a_new_one(db: PgPool) {
    let world = World::new(&db).await;
    assert_eq!(trace(&world, "named", Some(TRACE)).await, TRACE);
    let made_up = trace(&world, "silent", None).await;
    assert!(made_up.parse::<TraceParent>().is_ok(), "{made_up}");
    let broken = trace(&world, "broken", Some("00-nonsense")).await;
    assert!(broken.parse::<TraceParent>().is_ok(), "{broken}");
    assert_ne!(made_up, broken);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn doing_a_job_over_belongs_to_the_same_trace(db: PgPool) {
    let world = World::new(&db).await;
    let order = world.request(Method::POST, "/instruction").json(&instruction("a"));
    let job = id(&send(order.header("traceparent", TRACE)).await.json()["job"]);
    world.post(&format!("/job/{job}/cancel"), &serde_json::Value::Null).await;
    let again = world.post(&format!("/job/{job}/rerun"), &serde_json::Value::Null).await;
    assert_eq!(world.job(id(&again.json())).await["traceparent"], TRACE);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_takes_its_jobs_up_again_is_told_their_traces(db: PgPool) {
    let world = World::new(&db).await;
    let order = world.request(Method::POST, "/instruction").json(&instruction("a"));
    send(order.header("traceparent", TRACE)).await;
    let list = world.get("/job?settled=false&instructions=true").await.json();
    assert_eq!(list["items"][0]["traceparent"], TRACE);
    world.stop().await;
}
