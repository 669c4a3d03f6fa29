//! The node admits as the simulator foretells.

use std::{collections::BTreeSet, time::Duration};

use regulator::{
    AskId, Moment, Stack, Strategy,
    sim::{Event, Plant, Random, TraceJob, watch},
};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    sleepers::Order,
    world::{GUARD, Node, World},
};

const JOBS: usize = 40;

/// What the simulator says: one thing happens, and then these have started.
#[derive(Debug, Default)]
struct Step {
    submitted: Option<usize>,
    ended: Option<usize>,
    started: BTreeSet<usize>,
    running: u64,
    waiting: u64,
}

/// Jobs that crowd three slots: one a second, as the ids of the test's web service are.
fn crowd() -> Vec<TraceJob> {
    let mut random = Random::new(26);
    let job = |number| TraceJob {
        id: AskId(number as u128),
        submitted: Moment::from_secs_f64(number as f64),
        // To the microsecond, so that no two things happen at once.
        runtime: Duration::from_micros(1 + random.below(8_000_000)),
        expected: None,
        kind: "sleeper".to_owned(),
        tenant: ["maize", "rice", "wheat"][random.below(3) as usize].to_owned(),
        key: (random.below(3) > 0).then(|| format!("set {}", random.below(4))),
        priority: 0,
        demand: regulator::Demand { memory: 1 + random.below(40), ..Default::default() },
        peak_memory: None,
        size: 0,
    };
    (0..JOBS).map(job).collect()
}

fn foretell(strategy: &Strategy, trace: &[TraceJob]) -> Vec<Step> {
    let plant = Plant::default();
    let number = |job: &TraceJob| job.id.0 as usize;
    let (mut steps, mut step) = (Vec::new(), Step::default());
    watch(&mut Stack::new(strategy, plant.dawn()), trace, &plant, |now, event, node| match event {
        Event::Submitted(job, taken) => {
            assert!(taken, "every job has room");
            assert_eq!(step.submitted.replace(number(job)), None, "one thing at a time");
        }
        Event::Ended(job, _) => {
            assert_eq!(step.ended.replace(number(job)), None, "one thing at a time");
        }
        Event::Started(job, _) => assert!(step.started.insert(number(job))),
        Event::Settled => {
            let state = node.state(now);
            let done = std::mem::take(&mut step);
            steps.push(Step { running: state.running, waiting: state.waiting, ..done });
        }
    });
    steps
}

/// Makes the same happen to the node, one step after the other.
async fn replay(world: &World, node: &Node, trace: &[TraceJob], steps: &[Step]) {
    let mut begun = 0;
    for (at, step) in steps.iter().enumerate() {
        if let Some(number) = step.ended {
            node.sleepers.wake(number);
        }
        if let Some(number) = step.submitted {
            node.takes(&request(world, number, &trace[number])).await;
        }
        begun += step.started.len();
        let settled = timeout(GUARD, until(node, begun, step)).await;
        let all = node.sleepers.begun();
        assert!(settled.is_ok(), "step {at}: {step:?}, but there began {all:?}");
        let started: BTreeSet<_> = all[begun - step.started.len()..].iter().copied().collect();
        assert_eq!(started, step.started, "step {at}");
    }
}

fn request(world: &World, number: usize, job: &TraceJob) -> Value {
    let order = Order { number, exclusive: job.key.clone(), memory: job.demand.memory, disk: 0 };
    let (_, mut request) = world.web.submit("sleeper", &serde_json::to_value(order).unwrap());
    request["job"]["tenant"] = json!(job.tenant);
    request
}

/// Waits until so many have begun in all, and as many run and wait as foretold.
async fn until(node: &Node, begun: usize, step: &Step) {
    loop {
        let state = node.get("/regulator").await.json();
        let stands = state["running"] == step.running && state["waiting"] == step.waiting;
        if stands && node.sleepers.begun().len() >= begun {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn admits_as_foretold(strategy: &str) {
    let strategy = Strategy::from_toml(strategy).unwrap();
    let trace = crowd();
    let steps = foretell(&strategy, &trace);
    let world = World::new().await;
    let node = world.node_with(json!({ "regulator": strategy }), json!({}));
    replay(&world, &node, &trace, &steps).await;
    assert_eq!(node.sleepers.begun().len(), JOBS);
    node.stop().await;
}

/// The order in which the simulator starts the crowd.
fn order(strategy: &str) -> Vec<BTreeSet<usize>> {
    let steps = foretell(&Strategy::from_toml(strategy).unwrap(), &crowd());
    steps.into_iter().map(|step| step.started).filter(|started| !started.is_empty()).collect()
}

const FIFO: &str = "gates = [{ fixed = { at_once = 3 } }]";
const KEYED: &str = "gates = [{ fixed = { at_once = 3 } }, { keyed = {} }]";
const PRIORITY: &str =
    "rank = { priority = { level = \"4s\", tenants = { rice = 2, wheat = -3 } } }
    gates = [{ fixed = { at_once = 3 } }]";
// Time is charged as it passes, and here none does.
const FAIR: &str = "rank = { fair = { charge = \"jobs\", weights = { wheat = 2 } } }
    gates = [{ fixed = { at_once = 3 } }]";
const RESOURCES: &str = "gates = [{ resources = { memory = 60 } }]";

#[tokio::test]
async fn scratch_disk_is_booked_as_jobs_before_held_it() {
    let strategy = "learned = { samples = 1, margin = 2 }
        gates = [{ resources = { scratch = 1000 } }]";
    let strategy = Strategy::from_toml(strategy).unwrap();
    let world = World::new().await;
    let node = world.node_with(json!({ "regulator": strategy }), json!({}));
    for (number, booked) in [(0, 0), (1, 80)] {
        let order = Order { number, exclusive: None, memory: 0, disk: 40 };
        let (_, request) = world.web.submit("sleeper", &serde_json::to_value(order).unwrap());
        node.takes(&request).await;
        while node.sleepers.begun().len() <= number {
            tokio::task::yield_now().await;
        }
        assert_eq!(node.get("/regulator").await.json()["used"]["scratch"], booked);
        node.sleepers.wake(number);
        while node.get("/regulator").await.json()["running"] != 0 {
            tokio::task::yield_now().await;
        }
    }
    node.stop().await;
}

#[tokio::test]
async fn first_come_is_first_served_as_the_simulator_says() {
    admits_as_foretold(FIFO).await;
}

#[tokio::test]
async fn keys_exclude_each_other_as_the_simulator_says() {
    admits_as_foretold(KEYED).await;
}

#[tokio::test]
async fn priorities_go_first_as_the_simulator_says() {
    admits_as_foretold(PRIORITY).await;
}

#[tokio::test]
async fn tenants_share_as_the_simulator_says() {
    admits_as_foretold(FAIR).await;
}

#[tokio::test]
async fn memory_is_given_out_as_the_simulator_says() {
    admits_as_foretold(RESOURCES).await;
}

#[test]
fn the_simulator_says_something_else_of_each_strategy() {
    let all = [FIFO, KEYED, PRIORITY, FAIR, RESOURCES].map(order);
    let told_apart: BTreeSet<_> = all.iter().collect();
    assert_eq!(told_apart.len(), all.len());
}
