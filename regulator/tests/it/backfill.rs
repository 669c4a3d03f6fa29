use std::time::Duration;

use regulator::{Ask, Moment, Regulator};

use crate::world::World;

const NODE: &str = "backfill = {}\ngates = [{ resources = { memory = 100 } }";

/// One that holds sixty for a hundred seconds runs; a head that needs eighty waits for its end.
fn world(more_gates: &str) -> World {
    let mut world = World::new(&format!("{NODE}{more_gates}]"));
    submit(&mut world, 1, 60, Some(100), |_| ());
    submit(&mut world, 2, 80, Some(100), |ask| ask.key = Some("head's".to_owned()));
    assert_eq!(world.start(), [1]);
    world
}

fn submit(
    world: &mut World,
    id: u128,
    memory: u64,
    seconds: Option<u64>,
    with: impl FnOnce(&mut Ask),
) {
    let set = |ask: &mut Ask| {
        ask.demand.memory = memory;
        ask.runtime = seconds.map(Duration::from_secs);
        with(ask);
    };
    world.submit(id, set).unwrap();
}

#[test]
fn who_ends_in_time_or_leaves_the_head_its_room_may_pass() {
    let mut world = world("");
    submit(&mut world, 3, 30, Some(101), |_| ());
    submit(&mut world, 4, 30, None, |_| ());
    assert_eq!(world.start(), [], "they would hold what the head needs after a hundred seconds");
    submit(&mut world, 5, 30, Some(100), |_| ());
    assert_eq!(world.start(), [5]);
    submit(&mut world, 6, 10, Some(9999), |_| ());
    assert_eq!(world.start(), [6], "ten are left beside the head's eighty");
    world.pass(100.0);
    world.end(1);
    world.end(5);
    assert_eq!(world.start(), [2]);
}

#[test]
fn nobody_passes_where_the_time_cannot_be_told() {
    let mut world = World::new(&format!("{NODE}]"));
    submit(&mut world, 1, 60, None, |_| ());
    submit(&mut world, 2, 80, Some(1), |_| ());
    submit(&mut world, 3, 1, Some(1), |_| ());
    assert_eq!(world.start(), [1]);
}

#[test]
fn an_overdue_job_counts_as_ending_now() {
    let mut world = world("");
    world.pass(150.0);
    submit(&mut world, 3, 30, Some(1), |_| ());
    assert_eq!(world.start(), []);
    submit(&mut world, 4, 20, Some(1), |_| ());
    assert_eq!(world.start(), [4], "what the head leaves free is free");
    let why = world.node.explain(world.now, regulator::AskId(2)).unwrap();
    assert_eq!(why.blockers[0].expected, Some(Moment::from_secs_f64(150.0)));
}

#[test]
fn nobody_passes_who_takes_the_heads_key_slots_or_tokens() {
    let other = |ask: &mut Ask| ask.tenant = "rice".to_owned();
    for gate in [
        ", { keyed = {} }",
        ", { keyed = { by = \"tenant\", at_once = 2 } }",
        ", { rate = { starts = 1, per = \"1m\", burst = 2, of = \"tenant\" } }",
    ] {
        let mut world = world(gate);
        submit(&mut world, 3, 10, Some(1), |ask| ask.key = Some("head's".to_owned()));
        assert_eq!(world.start(), [], "{gate}");
        submit(&mut world, 4, 10, Some(1), other);
        assert_eq!(world.start(), [4], "{gate}");
    }
    for gate in [
        ", { keyed = { at_once = 2 } }",
        ", { keyed = { by = \"tenant\", at_once = 3 } }",
        ", { rate = { starts = 1, per = \"1m\", burst = 3, of = \"tenant\" } }",
    ] {
        let mut world = world(gate);
        submit(&mut world, 3, 10, Some(1), |ask| ask.key = Some("head's".to_owned()));
        assert_eq!(world.start(), [3], "there is one more: {gate}");
    }
}

#[test]
fn a_head_that_wants_the_node_for_itself_is_passed_only_by_those_who_end_in_time() {
    let mut world = World::new(&format!("{NODE}]"));
    submit(&mut world, 1, 10, Some(100), |_| ());
    assert_eq!(world.start(), [1]);
    submit(&mut world, 2, 10, Some(10), |ask| ask.alone = true);
    submit(&mut world, 3, 1, Some(101), |_| ());
    submit(&mut world, 4, 1, Some(100), |_| ());
    assert_eq!(world.start(), [4]);
    world.pass(100.0);
    world.end(1);
    world.end(4);
    assert_eq!(world.start(), [2]);
}

#[test]
fn no_more_are_looked_at_than_the_depth_says() {
    let depth = |depth| {
        let mut world = World::new(&format!(
            "backfill = {{ depth = {depth} }}\ngates = [{{ resources = {{ memory = 100 }} }}]"
        ));
        submit(&mut world, 1, 60, Some(100), |_| ());
        submit(&mut world, 2, 80, Some(100), |_| ());
        submit(&mut world, 3, 90, Some(1), |_| ());
        submit(&mut world, 4, 10, Some(1), |_| ());
        world.start()
    };
    assert_eq!(depth(1), [1], "the third has no room, and nobody is looked at behind it");
    assert_eq!(depth(2), [1, 4]);
}
