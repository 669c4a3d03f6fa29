//! The trace that a job belongs to.

use reqwest::Method;
use serde_json::json;

use crate::world::{World, send};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn everything_that_is_said_of_a_job_belongs_to_its_trace() {
    let world = World::new().await;
    let node = world.node();
    let order = json!({"stages": ["validation", "digest"], "last_progress": 9});
    let (job, mut request) = world.web.submit("gate", &order);
    request["job"]["traceparent"] = json!(TRACE);
    node.takes(&request).await;
    node.gate.reached(1).await;
    node.gate.open();
    let traces = world.web.until_settled(job).await.traces;
    assert!(traces.len() >= 2, "{traces:?}");
    assert!(traces.iter().all(|trace| trace.as_deref() == Some(TRACE)), "{traces:?}");
    node.stop().await;
}

#[tokio::test]
async fn a_job_given_to_the_node_directly_belongs_to_the_trace_of_the_request() {
    let world = World::new().await;
    let node = world.node();
    node.gate.open();
    let (job, request) = world.web.submit("gate", &json!({}));
    let handed = node.request(Method::POST, "/job").header("traceparent", TRACE).json(&request);
    assert_eq!(send(handed).await.status, 202);
    let traces = world.web.until_settled(job).await.traces;
    assert!(traces.iter().all(|trace| trace.as_deref() == Some(TRACE)), "{traces:?}");
    node.stop().await;
}
