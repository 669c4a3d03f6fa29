use std::time::Duration;

use regulator::{Ask, AskId, Demand, Moment, Never, Refusal, Regulator, Resource};

use crate::world::{World, id};

const GIB: u64 = 1 << 30;
const NODE: &str =
    "gates = [{ resources = { cores = 4, memory = \"16 GiB\", scratch = 1000, io = 3 } }]";

fn world(demands: &[Demand]) -> World {
    let mut world = World::new(NODE);
    for (at, demand) in demands.iter().enumerate() {
        let with = |ask: &mut regulator::Ask| {
            ask.demand = *demand;
            ask.runtime = Some(Duration::from_secs(100 * (1 + at as u64)));
        };
        world.submit(1 + at as u128, with).unwrap();
    }
    world
}

fn memory(gib: u64) -> Demand {
    Demand { memory: gib * GIB, ..Demand::default() }
}

#[test]
fn room_is_expected_when_the_job_that_has_the_node_for_itself_ends() {
    let mut world = World::new("gates = [{ resources = { memory = 100 } }]");
    let large = |alone| {
        move |ask: &mut Ask| {
            (ask.demand.memory, ask.alone) = (60, alone);
            ask.runtime = Some(Duration::from_secs(100));
        }
    };
    world.submit(1, large(true)).unwrap();
    world.submit(2, large(false)).unwrap();
    assert_eq!(world.start(), [1]);
    let why = world.node.explain(world.now, AskId(2)).unwrap();
    let room = why.blockers.iter().find(|blocker| blocker.gate == "resources").unwrap();
    assert_eq!(room.expected, Some(Moment::from_secs_f64(100.0)));
}

#[test]
fn the_budget_is_filled_and_not_passed() {
    let mut world = world(&[memory(10), memory(6), memory(1)]);
    assert_eq!(world.start(), [1, 2]);
    let why = world.node.explain(world.now, AskId(3)).unwrap();
    let who = format!("jobs {} and {} hold 16.0 GiB", id(1), id(2));
    assert_eq!(why.blockers[0].text, format!("waits for 1.0 GiB memory; 0 B free; {who}"));
    assert_eq!(why.blockers[0].code, "memory");
    assert_eq!(why.blockers[0].expected, Some(Moment::from_secs_f64(100.0)));
    assert_eq!(world.node.state(world.now).used, memory(16));
    world.end(2);
    assert_eq!(world.start(), [3]);
}

#[test]
fn each_resource_is_a_blocker_of_its_own() {
    let most = Demand { cpu_milli: 2500, memory: 9 * GIB, scratch: 600, io: 2 };
    let mut world = world(&[most, most]);
    assert_eq!(world.start(), [1]);
    let one = format!("job {} holds", id(1));
    assert_eq!(
        world.why(2),
        [
            format!("waits for 2.5 cores; 1.5 free; {one} 2.5"),
            format!("waits for 9.0 GiB memory; 7.0 GiB free; {one} 9.0 GiB"),
            format!("waits for 600 B scratch disk; 400 B free; {one} 600 B"),
            format!("waits for 2 I/O slots; 1 free; {one} 2"),
        ]
    );
}

#[test]
fn a_demand_beyond_the_node_is_never() {
    let mut world = world(&[]);
    for which in Resource::ALL {
        let whole = Demand { cpu_milli: 4000, memory: 16 * GIB, scratch: 1000, io: 3 };
        let mut demand = Demand::default();
        demand.set(which, whole.of(which));
        world.submit(7, |ask| ask.demand = demand).expect("the whole node is not too much");
        world.node.withdraw(world.now, AskId(7));
        demand.set(which, whole.of(which) + 1);
        let refusal = world.submit(7, |ask| ask.demand = demand).unwrap_err();
        let Refusal::Never(Never { gate, text }) = refusal else { panic!("{refusal}") };
        assert_eq!(gate, "resources");
        assert!(text.starts_with("demands ") && text.contains("; the node gives "), "{text}");
    }
}

#[test]
fn a_large_job_holds_the_line_unless_others_may_pass() {
    let demands = [memory(10), memory(10), memory(6)];
    let mut strict = world(&demands);
    assert_eq!(strict.start(), [1]);
    assert!(strict.why(3)[0].starts_with(&format!("waits behind job {}", id(2))));
    assert_eq!(strict.node.wake(strict.now), None);
}

#[test]
fn status_shows_the_budget() {
    let mut world = world(&[memory(4)]);
    world.start();
    let state = world.node.state(world.now);
    let resources = state.gates.iter().find(|gate| gate.name == "resources").unwrap();
    assert!(resources.text.contains("4.0 GiB of 16.0 GiB memory"), "{}", resources.text);
    let budget = &resources.budgets[1];
    assert_eq!((budget.name.as_str(), budget.used, budget.capacity), ("memory", 4 * GIB, 16 * GIB));
}
