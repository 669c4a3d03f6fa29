use regulator::{AskId, Regulator};

use crate::world::{World, id};

const KEYED: &str = "gates = [{ fixed = { at_once = 4 } }, { keyed = {} }]";

fn world(toml: &str, keys: &[&str]) -> World {
    let mut world = World::new(toml);
    for (at, key) in keys.iter().enumerate() {
        let key = Some((*key).to_owned()).filter(|key| !key.is_empty());
        world.submit(1 + at as u128, |ask| ask.key = key).unwrap();
    }
    world
}

#[test]
fn jobs_of_one_key_never_meet_and_others_pass() {
    let mut world = world(KEYED, &["a", "a", "b", "", "", "a"]);
    assert_eq!(world.start(), [1, 3, 4, 5]);
    world.end(4);
    assert_eq!(world.start(), []);
    assert_eq!(world.why(2), [format!("waits for its key `a`; 1 of 1 run: job {}", id(1))]);
    world.end(1);
    assert_eq!(world.start(), [2]);
    world.end(3);
    assert_eq!(world.start(), []);
    world.end(2);
    assert_eq!(world.start(), [6]);
}

#[test]
fn withdrawing_the_first_of_a_busy_key_starts_nobody() {
    let mut world = world(KEYED, &["a", "a", "a"]);
    assert_eq!(world.start(), [1]);
    assert!(world.node.withdraw(world.now, AskId(2)));
    assert_eq!(world.start(), []);
    world.end(1);
    assert_eq!(world.start(), [3]);
}

#[test]
fn withdrawing_the_first_of_a_key_lets_the_second_stand_in_its_place() {
    let mut world = world(KEYED, &["a", "a", "a"]);
    assert!(world.node.withdraw(world.now, AskId(1)));
    assert_eq!(world.start(), [2]);
    assert!(world.node.withdraw(world.now, AskId(3)));
    world.end(2);
    assert_eq!(world.start(), []);
}

#[test]
fn an_older_job_that_comes_later_takes_the_place_of_the_first_of_its_key() {
    let mut world = world(KEYED, &["a", "b"]);
    let earlier = world.now.wall - jiff::SignedDuration::from_secs(60);
    world
        .submit(3, |ask| {
            ask.key = Some("a".into());
            ask.submitted = earlier;
        })
        .unwrap();
    assert_eq!(world.start(), [3, 2]);
    world.end(3);
    assert_eq!(world.start(), [1]);
}

#[test]
fn several_of_a_key_may_run_if_the_operator_says_so() {
    let two = "gates = [{ fixed = { at_once = 9 } }, { keyed = { at_once = 2 } }]";
    let mut world = world(two, &["a", "a", "a", "b"]);
    assert_eq!(world.start(), [1, 2, 4]);
    world.end(2);
    assert_eq!(world.start(), [3]);
}

#[test]
fn tenants_and_kinds_can_be_counted_too() {
    let by_tenant = "gates = [{ fixed = { at_once = 9 } }, { keyed = { by = \"tenant\" } },
        { keyed = { by = \"kind\", at_once = 2 } }]";
    let mut world = World::new(by_tenant);
    for (at, (tenant, kind)) in [
        ("maize", "loader"),
        ("maize", "loader"),
        ("rice", "loader"),
        ("wheat", "loader"),
        ("wheat", "other"),
    ]
    .into_iter()
    .enumerate()
    {
        let with = |ask: &mut regulator::Ask| {
            (ask.tenant, ask.kind) = (tenant.to_owned(), kind.to_owned());
        };
        world.submit(1 + at as u128, with).unwrap();
    }
    assert_eq!(world.start(), [1, 3, 5]);
    assert_eq!(world.why(2).len(), 2, "its tenant and its kind");
    world.end(3);
    assert_eq!(world.start(), [], "wheat runs one already, and so does maize");
    world.end(1);
    assert_eq!(world.start(), [2]);
    assert!(world.why(4)[0].starts_with("waits for its tenant `wheat`; 1 of 1 run"));
}

#[test]
fn a_job_is_told_who_has_its_key_and_when_that_one_is_expected_to_end() {
    let mut world = World::new("gates = [{ fixed = { at_once = 9 } }, { keyed = {} }]");
    for (id, key, seconds) in [(1, "a", 60), (2, "b", 10), (3, "a", 5)] {
        let with = |ask: &mut regulator::Ask| {
            ask.key = Some(key.to_owned());
            ask.runtime = Some(std::time::Duration::from_secs(seconds));
        };
        world.submit(id, with).unwrap();
    }
    assert_eq!(world.start(), [1, 2]);
    let blocker = |world: &World| {
        let why = world.node.explain(world.now, regulator::AskId(3)).unwrap();
        why.blockers[0].clone()
    };
    assert_eq!(blocker(&world).holders, [regulator::AskId(1)]);
    assert_eq!(blocker(&world).expected, Some(regulator::Moment::from_secs_f64(60.0)));
    world.pass(100.0);
    let overdue = Some(regulator::Moment::from_secs_f64(100.0));
    assert_eq!(blocker(&world).expected, overdue, "it may end at any time");
}
