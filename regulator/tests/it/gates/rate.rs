use regulator::{AskId, Lift, Moment, Regulator, Strategy};

use crate::world::World;

const RATE: &str =
    "gates = [{ fixed = { at_once = 99 } }, { rate = { starts = 6, per = \"1m\", burst = 3 } }]";

fn world(toml: &str, jobs: u128) -> World {
    let mut world = World::new(toml);
    for id in 1..=jobs {
        let tenant = if id % 2 == 0 { "even" } else { "odd" };
        world.submit(id, |ask| ask.tenant = tenant.to_owned()).unwrap();
    }
    world
}

#[test]
fn a_burst_starts_and_then_one_for_each_step() {
    let mut world = world(RATE, 9);
    assert_eq!(world.start(), [1, 2, 3]);
    assert_eq!(world.node.wake(world.now), Some(Moment::from_secs_f64(10.0)));
    let state = |world: &World| {
        let gates = world.node.state(world.now).gates;
        gates.into_iter().find(|gate| gate.name == "rate").unwrap().text
    };
    assert_eq!(state(&world), "6 starts in 1m, bursts of 3; 1 closed now");
    assert_eq!(world.why(4), ["waits 10s for the rate of 6 starts in 1m"]);
    let why = world.node.explain(world.now, AskId(4)).unwrap();
    assert_eq!(why.blockers[0].lifts, Lift::At(Moment::from_secs_f64(10.0)));
    world.pass(9.999_999);
    assert_eq!(world.start(), []);
    world.pass(0.000_001);
    assert_eq!(state(&world), "6 starts in 1m, bursts of 3; 0 closed now");
    assert_eq!(world.start(), [4]);
    world.pass(1e6);
    assert_eq!(world.start(), [5, 6, 7], "tokens do not pile up beyond the burst");
}

#[test]
fn each_tenant_has_a_bucket_of_its_own() {
    let each = RATE.replace("burst = 3", "of = \"tenant\"");
    let mut world = world(&each, 6);
    assert_eq!(world.start(), [1, 2]);
    world.pass(10.0);
    assert_eq!(world.start(), [3, 4]);
    assert!(world.why(5)[0].contains("6 starts of `odd` in 1m"));
}

#[test]
fn a_changed_strategy_does_not_hand_out_the_burst_again() {
    let mut world = world(RATE, 9);
    world.start();
    let other = Strategy::from_toml(&RATE.replace("99", "98")).unwrap();
    assert!(world.node.reconfigure(world.now, &other).changed);
    assert_eq!(world.start(), []);
    world.pass(10.0);
    assert_eq!(world.start(), [4]);
}

#[test]
fn the_wall_clock_has_no_say() {
    let mut world = world(RATE, 9);
    world.start();
    world.now.wall += jiff::SignedDuration::from_hours(9);
    assert_eq!(world.start(), []);
    world.now.wall -= jiff::SignedDuration::from_hours(99);
    world.pass(10.0);
    assert_eq!(world.start(), [4]);
}
