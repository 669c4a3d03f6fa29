use regulator::{End, Regulator, Signal, Strategy};

use crate::world::World;

const ADAPTIVE: &str = "gates = [{ adaptive = { max = 200, window = \"10s\" } }]";

/// The limits after each window on a node that does `goodput(jobs)` work per second.
fn limits(toml: &str, windows: usize, goodput: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let mut world = World::new(toml);
    let mut limits = Vec::new();
    for id in 0..400 {
        world.submit(id, |_| ()).unwrap();
    }
    for window in 0..windows {
        let started = world.start();
        let next = 1000 * (1 + window as u128);
        for at in 0..started.len() {
            world.submit(next + at as u128, |_| ()).unwrap();
        }
        let running = world.node.books().running().len();
        world.pass(10.0);
        let work = 10.0 * goodput(window, running as f64);
        world.node.observe(world.now, Signal::Work(work));
        limits.push(world.node.state(world.now).gates[0].budgets[0].capacity as f64);
        let over = running as f64 - limits[window];
        let ids: Vec<_> = world.node.books().running().keys().copied().collect();
        for id in ids.into_iter().take(over.max(0.0) as usize) {
            world.end_as(id.0, End::NotRun);
        }
    }
    limits
}

#[test]
fn it_finds_the_knee_in_twenty_windows_and_stays() {
    for knee in [4.0, 10.0, 24.0, 40.0, 100.0] {
        let limits = limits(ADAPTIVE, 60, |_, jobs| jobs.min(knee));
        let settled = &limits[20..];
        let mean = settled.iter().sum::<f64>() / settled.len() as f64;
        assert!((mean / knee - 1.0).abs() <= 0.10, "knee {knee}: mean {mean}, {limits:?}");
        let swing = settled.iter().map(|limit| (limit - mean).abs()).fold(0.0, f64::max);
        assert!(swing <= (0.15 * mean).max(1.1), "knee {knee}: swing {swing}, {limits:?}");
    }
}

#[test]
fn it_follows_a_knee_that_moves() {
    let limits =
        limits(ADAPTIVE, 120, |window, jobs| jobs.min(if window < 40 { 32.0 } else { 16.0 }));
    let end = &limits[100..];
    assert!(end.iter().all(|limit| (14.0..=18.0).contains(limit)), "{end:?}");
}

#[test]
fn it_doubles_while_that_pays_and_then_moves_by_sixteenths() {
    let at_once = |start| {
        format!("gates = [{{ adaptive = {{ max = 200, start = {start}, window = \"10s\" }} }}]")
    };
    let free = limits(&at_once(1), 9, |_, jobs| jobs);
    assert_eq!(free, [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 200.0, 200.0]);
    let knee = limits(&at_once(64), 6, |_, jobs| jobs.min(64.0));
    assert_eq!(knee, [128.0, 64.0, 60.0, 63.0, 66.0, 62.0]);
    let between = limits(&at_once(64), 2, |_, jobs| jobs.min(80.0));
    assert_eq!(between, [128.0, 80.0], "where the work that was done has its knee");
}

#[test]
fn a_doubling_that_does_not_pay_is_taken_back_even_if_the_work_has_its_knee_there() {
    let strict = "gates = [{ adaptive = { max = 200, gain = 0.999, window = \"10s\" } }]";
    let nearly = limits(strict, 2, |_, jobs| if jobs > 1.0 { 1.99 } else { 1.0 });
    assert_eq!(nearly, [2.0, 1.0]);
}

#[test]
fn what_ran_in_one_window_does_not_count_in_the_next() {
    let mut world = World::new("gates = [{ adaptive = { max = 8, start = 4, window = \"10s\" } }]");
    world.pass(100.0);
    for id in 1..=4 {
        world.submit(id, |_| ()).unwrap();
    }
    world.start();
    let mut limit_after_ten_seconds = |ends: Option<u128>| {
        world.pass(10.0);
        world.node.observe(world.now, Signal::Work(1.0));
        ends.map(|id| world.end_as(id, End::NotRun));
        world.node.state(world.now).gates[0].budgets[0].capacity
    };
    assert_eq!(limit_after_ten_seconds(Some(1)), 8, "it was used to the full");
    assert_eq!(limit_after_ten_seconds(None), 8, "three of eight teach nothing");
}

#[test]
fn it_learns_when_a_window_is_over_and_not_before() {
    let mut world = World::new("gates = [{ adaptive = { max = 8, start = 4, window = \"10s\" } }]");
    for id in 1..=9 {
        world.submit(id, |_| ()).unwrap();
    }
    assert_eq!(world.start().len(), 4);
    let mut limit_after = |seconds| {
        world.pass(seconds);
        world.node.observe(world.now, Signal::Work(1.0));
        world.node.state(world.now).gates[0].budgets[0].capacity
    };
    assert_eq!((limit_after(5.0), limit_after(4.9), limit_after(0.1)), (4, 4, 8));
}

#[test]
fn running_out_of_memory_cuts_it_at_once() {
    let mut world = World::new("gates = [{ adaptive = { max = 20, start = 10, min = 8 } }]");
    for id in 1..=20 {
        world.submit(id, |_| ()).unwrap();
    }
    assert_eq!(world.start().len(), 10);
    world.end_as(1, End::OutOfMemory);
    let capacity = |world: &World| world.node.state(world.now).gates[0].budgets[0].capacity;
    assert_eq!(capacity(&world), 8, "seven tenths, but no less than `min`");
    assert_eq!(world.start(), []);
    assert!(world.why(11)[0].starts_with("waits for a slot; 9 of 8 taken by"));
}

#[test]
fn a_limit_that_is_not_used_teaches_nothing() {
    let mut world = World::new("gates = [{ adaptive = { max = 20, start = 10 } }]");
    world.submit(1, |_| ()).unwrap();
    world.start();
    for _ in 0..5 {
        world.pass(60.0);
        world.node.observe(world.now, Signal::Work(1.0));
    }
    assert_eq!(world.node.state(world.now).gates[0].budgets[0].capacity, 10);
}

#[test]
fn the_limit_outlives_a_change_of_strategy() {
    let mut world = World::new("gates = [{ adaptive = { max = 20, start = 10 } }]");
    world.submit(1, |_| ()).unwrap();
    world.start();
    world.end_as(1, End::OutOfMemory);
    let wider = Strategy::from_toml("gates = [{ adaptive = { max = 40, start = 20 } }]").unwrap();
    world.node.reconfigure(world.now, &wider);
    assert_eq!(world.node.state(world.now).gates[0].budgets[0].capacity, 7);
}

#[test]
fn without_signals_of_work_it_counts_the_bytes_of_what_ends() {
    let mut world = World::new("gates = [{ adaptive = { max = 8, start = 2, window = \"10s\" } }]");
    for id in 1..=8 {
        world.submit(id, |ask| ask.size = 1000).unwrap();
    }
    assert_eq!(world.start(), [1, 2]);
    world.pass(10.0);
    world.end(1);
    assert!(
        world.node.state(world.now).gates[0].text.contains("100.000 units of work a second at 2")
    );
    assert_eq!(world.start(), [3, 4, 5], "it doubles: two ran, one ended, four may run");
}
