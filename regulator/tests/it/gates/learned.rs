use std::time::Duration;

use regulator::{AskId, End, Outcome, Regulator, Strategy};

use crate::world::World;

const NODE: &str = "learned = { samples = 3, margin = 1.5, history = 4, percentile = 50 }
gates = [{ resources = { memory = 1000 } }]";

fn submit(world: &mut World, id: u128, size: u64) {
    let with = |ask: &mut regulator::Ask| {
        (ask.size, ask.demand.memory) = (size, 400);
    };
    world.submit(id, with).unwrap();
}

/// Runs jobs one after the other, with these peaks.
fn taught(peaks: &[u64]) -> World {
    let mut world = World::new(NODE);
    for (at, peak) in peaks.iter().enumerate() {
        submit(&mut world, at as u128, 100);
        world.start();
        world.pass(10.0 * (1 + at) as f64);
        let outcome = Outcome { peak_memory: Some(*peak), ..Outcome::of(End::Completed) };
        assert!(world.node.finish(world.now, AskId(at as u128), outcome));
    }
    world
}

#[test]
fn after_some_jobs_their_percentile_with_a_margin_is_booked() {
    let mut world = taught(&[100, 120]);
    submit(&mut world, 50, 100);
    assert_eq!(world.grant().unwrap().demand.memory, 400, "two are too few to tell");
    let mut world = taught(&[100, 120, 110]);
    submit(&mut world, 50, 127);
    submit(&mut world, 51, 128);
    let why = world.node.explain(world.now, AskId(50)).unwrap();
    assert_eq!(why.demand.memory, 165);
    assert_eq!(world.grant().unwrap().demand.memory, 165);
    assert_eq!(world.grant().unwrap().demand.memory, 400, "another class of size");
    let run = &world.node.books().running()[&AskId(50)];
    assert_eq!(run.runtime, Some(Duration::from_secs(20)), "the median of 10, 20 and 30 s");
}

#[test]
fn what_was_stated_is_not_replaced() {
    let mut world = taught(&[100, 120, 110]);
    let with = |ask: &mut regulator::Ask| {
        (ask.size, ask.demand.memory, ask.stated) = (100, 400, true);
    };
    world.submit(50, with).unwrap();
    assert_eq!(world.grant().unwrap().demand.memory, 400);
}

#[test]
fn a_job_out_of_memory_gets_twice_as_much_alone_and_its_class_the_same() {
    let mut world = taught(&[100, 100, 100]);
    for id in [50, 51] {
        submit(&mut world, id, 100);
    }
    assert_eq!(world.grant().unwrap().demand.memory, 150);
    world.end_as(50, End::OutOfMemory);
    submit(&mut world, 50, 100);
    let grant = world.grant().unwrap();
    assert_eq!((grant.id, grant.demand.memory, grant.alone), (AskId(51), 300, false));
    assert_eq!(world.start(), [], "it waits to be alone");
    world.end(51);
    let grant = world.grant().unwrap();
    assert_eq!((grant.id, grant.demand.memory, grant.alone), (AskId(50), 300, true));
    world.end_as(50, End::OutOfMemory);
    submit(&mut world, 50, 100);
    assert_eq!(world.grant().unwrap().demand.memory, 600, "and twice that again");
    world.end_as(50, End::OutOfMemory);
    submit(&mut world, 50, 100);
    assert_eq!(world.grant().unwrap().demand.memory, 1000, "but no more than the node has");
}

#[test]
fn a_job_tried_again_is_expected_to_run_as_long_as_its_class() {
    let mut world = taught(&[100, 100, 100]);
    submit(&mut world, 50, 100);
    world.start();
    world.end_as(50, End::OutOfMemory);
    submit(&mut world, 50, 100);
    world.start();
    let run = &world.node.books().running()[&AskId(50)];
    assert_eq!((run.alone, run.runtime), (true, Some(Duration::from_secs(20))));
}

#[test]
fn after_enough_good_ends_the_class_is_trusted_again() {
    let mut world = taught(&[100, 100, 100]);
    submit(&mut world, 50, 100);
    world.start();
    world.end_as(50, End::OutOfMemory);
    for id in 60..64 {
        submit(&mut world, id, 100);
        assert_eq!(world.grant().unwrap().demand.memory, 300);
        world.end(id);
    }
    submit(&mut world, 70, 100);
    assert_eq!(world.grant().unwrap().demand.memory, 150);
}

#[test]
fn experience_outlives_a_restart_and_what_is_broken_is_passed_over() {
    let old = taught(&[100, 120, 110]);
    let memory = old.node.remember(old.now);
    let memory: serde_json::Value = serde_json::from_str(&memory.to_string()).unwrap();
    let mut new = World::new(NODE);
    new.node.recall(new.now, &memory);
    submit(&mut new, 50, 100);
    assert_eq!(new.grant().unwrap().demand.memory, 165);
    let mut broken = World::new(NODE);
    broken.node.recall(broken.now, &serde_json::json!({ "learned": [1], "rate": 7 }));
    submit(&mut broken, 50, 100);
    assert_eq!(broken.grant().unwrap().demand.memory, 400);
}

#[test]
fn a_job_that_never_ran_teaches_nothing() {
    let mut world = taught(&[100, 120]);
    for id in [50, 51] {
        submit(&mut world, id, 100);
        world.start();
        world.end_as(id, if id == 50 { End::NotRun } else { End::Failed });
    }
    submit(&mut world, 52, 100);
    assert_eq!(world.grant().unwrap().demand.memory, 400);
}

#[test]
fn as_many_jobs_are_remembered_as_was_set() {
    let highest = "learned = { samples = 4, margin = 1, history = 4, percentile = 100 }
gates = [{ resources = { memory = 1000 } }]";
    for (others, booked) in [(3, 900), (4, 100)] {
        let mut world = World::new(highest);
        for (id, peak) in [900].into_iter().chain(std::iter::repeat_n(100, others)).enumerate() {
            submit(&mut world, id as u128, 100);
            world.start();
            let outcome = Outcome { peak_memory: Some(peak), ..Outcome::of(End::Completed) };
            assert!(world.node.finish(world.now, AskId(id as u128), outcome));
        }
        submit(&mut world, 50, 100);
        assert_eq!(world.grant().unwrap().demand.memory, booked, "after {others} others");
    }
}

#[test]
fn settings_at_the_ends_of_their_ranges_are_taken() {
    for right in ["samples = 64", "samples = 1, history = 1", "history = 10000"] {
        let toml = format!("learned = {{ {right} }}\ngates = [{{ fixed = {{ at_once = 1 }} }}]");
        assert!(Strategy::from_toml(&toml).is_ok(), "{right}");
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    for wrong in
        ["percentile = 0", "percentile = 101", "margin = 0.9", "samples = 65", "history = 10001"]
    {
        let toml = format!("learned = {{ {wrong} }}\ngates = [{{ fixed = {{ at_once = 1 }} }}]");
        assert!(Strategy::from_toml(&toml).is_err(), "{wrong}");
    }
}

#[test]
fn scratch_disk_is_booked_as_earlier_jobs_held_it() {
    let mut world = World::new(&NODE.replace("memory = 1000", "scratch = 1000"));
    let submit = |world: &mut World, id| {
        world.submit(id, |ask| (ask.size, ask.demand.scratch) = (100, 400)).unwrap();
    };
    for id in 0..3 {
        submit(&mut world, id);
        assert_eq!(world.grant().unwrap().demand.scratch, 400);
        world.pass(10.0);
        let outcome = Outcome { peak_scratch: Some(100), ..Outcome::of(End::Completed) };
        assert!(world.node.finish(world.now, AskId(id), outcome));
    }
    submit(&mut world, 50);
    assert_eq!(world.grant().unwrap().demand.scratch, 150);
}
