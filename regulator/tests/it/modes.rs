use regulator::{AskId, Mode, Moment, Refusal, Regulator};

use crate::world::{World, id};

const TWO: &str = "gates = [{ fixed = { at_once = 2 } }]";

fn three_waiting() -> World {
    let mut world = World::new(TWO);
    for id in 1..=3 {
        world.submit(id, |_| ()).unwrap();
    }
    world
}

#[test]
fn jobs_start_in_the_order_they_came() {
    let mut world = three_waiting();
    assert_eq!(world.start(), [1, 2]);
    assert!(world.end(2));
    assert_eq!(world.start(), [3]);
    assert!(!world.end(2), "what does not run cannot end");
}

#[test]
fn a_job_that_waited_before_a_restart_keeps_its_age() {
    let mut world = three_waiting();
    let an_hour_ago = world.now.wall - jiff::SignedDuration::from_hours(1);
    world.submit(4, |ask| ask.submitted = an_hour_ago).unwrap();
    let waited = world.node.explain(world.now, AskId(4)).unwrap().waited_s;
    assert_eq!(waited, 3600.0);
    assert_eq!(world.start(), [4, 1]);
}

#[test]
fn submitting_twice_is_the_same_as_once() {
    let mut world = three_waiting();
    world.submit(1, |_| ()).unwrap();
    assert_eq!(world.start(), [1, 2]);
    world.submit(1, |_| ()).unwrap();
    assert_eq!(world.node.state(world.now).waiting, 1);
}

#[test]
fn a_withdrawn_job_leaves_the_line() {
    let mut world = three_waiting();
    assert!(world.node.withdraw(world.now, AskId(2)));
    assert!(!world.node.withdraw(world.now, AskId(2)));
    assert_eq!(world.start(), [1, 3]);
    assert!(!world.node.withdraw(world.now, AskId(1)), "it runs");
}

#[test]
fn a_paused_node_takes_in_and_starts_nothing() {
    let mut world = three_waiting();
    world.node.set_mode(world.now, Mode::Paused);
    assert_eq!(world.start(), []);
    world.submit(4, |_| ()).unwrap();
    assert_eq!(world.why(4), ["waits for an operator to resume; the node is paused"]);
    world.node.set_mode(world.now, Mode::Open);
    assert_eq!(world.start(), [1, 2]);
}

#[test]
fn a_draining_node_takes_in_nothing() {
    let mut world = three_waiting();
    assert_eq!(world.start(), [1, 2]);
    world.node.set_mode(world.now, Mode::Draining);
    assert!(world.end(1));
    assert_eq!(world.start(), []);
    assert_eq!(world.submit(4, |_| ()), Err(Refusal::Draining));
    assert_eq!(world.submit(3, |_| ()), Ok(()), "it is held already");
    let state = world.node.state(world.now);
    assert_eq!((state.mode, state.running, state.waiting), (Mode::Draining, 1, 1));
}

#[test]
fn an_explanation_names_who_holds_the_slots_and_when_one_is_free() {
    let mut world = World::new(TWO);
    for id in 1..=4 {
        world.submit(id, |ask| ask.runtime = Some(std::time::Duration::from_secs(60))).unwrap();
    }
    world.start();
    world.pass(10.0);
    assert_eq!(
        world.why(3),
        [format!("waits for a slot; 2 of 2 taken by jobs {} and {}", id(1), id(2))]
    );
    let why = world.node.explain(world.now, AskId(4)).unwrap();
    assert_eq!(why.blockers[0].expected, Some(Moment::from_secs_f64(60.0)));
    assert_eq!(why.blockers[0].holders, [AskId(1), AskId(2)]);
    assert_eq!((why.place.position, why.place.waiting), (2, 2));
    assert_eq!(why.estimate.unwrap().earliest.as_second(), 60);
    assert_eq!(why.estimate.unwrap().likely.as_second(), 90);
    assert!(why.to_string().starts_with("is number 2 of 2, first come, first served; waits for"));
    assert_eq!(world.node.explain(world.now, AskId(1)), None, "it runs");
    world.end(1);
    assert!(world.why(3).is_empty());
    assert_eq!(world.why(4), [format!("waits for its turn; job {} goes first", id(3))]);
}

#[test]
fn a_job_may_have_the_node_for_itself() {
    let mut world = World::new(TWO);
    world.submit(1, |_| ()).unwrap();
    world.submit(2, |ask| ask.alone = true).unwrap();
    world.submit(3, |_| ()).unwrap();
    assert_eq!(world.start(), [1]);
    assert_eq!(world.why(2), [format!("needs the node for itself and waits for job {}", id(1))]);
    assert_eq!(
        world.why(3),
        [format!("waits behind job {}, which has no room yet and may not be delayed", id(2))]
    );
    world.end(1);
    assert_eq!(world.start(), [2]);
    assert_eq!(world.why(3), [format!("waits for job {}, which has the node for itself", id(2))]);
    world.end(2);
    assert_eq!(world.start(), [3]);
}

#[test]
fn a_job_that_needs_the_node_for_itself_has_a_slot_when_the_first_of_the_others_ends() {
    let mut world = World::new(TWO);
    for (id, seconds) in [(1, 10), (2, 20), (3, 5)] {
        let with = |ask: &mut regulator::Ask| {
            (ask.runtime, ask.alone) = (Some(std::time::Duration::from_secs(seconds)), id == 3);
        };
        world.submit(id, with).unwrap();
    }
    assert_eq!(world.start(), [1, 2]);
    let why = world.node.explain(world.now, AskId(3)).unwrap();
    let expected = |gate: &str| why.blockers.iter().find(|b| b.gate == gate).unwrap().expected;
    assert_eq!(expected("fixed"), Some(Moment::from_secs_f64(10.0)));
    assert_eq!(expected("alone"), Some(Moment::from_secs_f64(20.0)));
}

#[test]
fn those_ahead_are_expected_to_take_their_turn_two_at_a_time() {
    let mut world = World::new(TWO);
    for id in 1..=6 {
        world.submit(id, |ask| ask.runtime = Some(std::time::Duration::from_secs(60))).unwrap();
    }
    world.start();
    let estimate = world.node.explain(world.now, AskId(6)).unwrap().estimate.unwrap();
    assert_eq!((estimate.earliest.as_second(), estimate.likely.as_second()), (60, 150));
}
