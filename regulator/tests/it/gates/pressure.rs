use regulator::{Pressure, Regulator, Signal};

use crate::world::World;

const PRESSURE: &str = "gates = [{ fixed = { at_once = 9 } }, { pressure = {
    cpu = 90, memory = 10, io = 50, load = 2, disk_free = \"1 KiB\", backlog = 100 } }]";

fn world(read: Pressure) -> World {
    let mut world = World::new(PRESSURE);
    for id in 1..=4 {
        world.submit(id, |_| ()).unwrap();
    }
    world.node.observe(world.now, Signal::Pressure(read));
    world
}

fn sample(world: &mut World, read: Pressure) {
    world.pass(1.0);
    world.node.observe(world.now, Signal::Pressure(read));
}

fn memory(percent: f64) -> Pressure {
    Pressure { memory: Some(percent), ..Pressure::default() }
}

#[test]
fn a_node_under_pressure_starts_no_second_job() {
    let mut world = world(memory(10.1));
    assert_eq!(world.start(), [1], "one runs whatever the pressure");
    assert_eq!(
        world.why(2),
        ["waits for the pressure on memory to fall below 9.0 %; it is 10.1 %"]
    );
    sample(&mut world, memory(9.5));
    assert_eq!(world.start(), [], "it closed above 10 % and opens below 9 %");
    sample(&mut world, memory(9.0));
    assert_eq!(world.start(), [2, 3, 4]);
    sample(&mut world, memory(9.5));
    world.submit(5, |_| ()).unwrap();
    assert_eq!(world.start(), [5], "it opened below 9 % and closes above 10 %");
}

#[test]
fn every_reading_counts() {
    for (read, code) in [
        (Pressure { cpu: Some(91.0), ..Pressure::default() }, "cpu"),
        (Pressure { io: Some(51.0), ..Pressure::default() }, "io"),
        (Pressure { load: Some(2.1), ..Pressure::default() }, "load"),
    ] {
        let mut world = world(read);
        assert_eq!(world.start(), [1], "{code}");
        let why = world.node.explain(world.now, regulator::AskId(2)).unwrap();
        assert_eq!(why.blockers[0].code, code);
    }
}

#[test]
fn a_full_disk_or_a_long_backlog_stops_the_first_job_too() {
    let mut full = world(Pressure { disk_free: Some(1023), ..Pressure::default() });
    assert_eq!(full.start(), []);
    assert_eq!(full.why(1), ["waits for the free disk to rise above 1.1 KiB; it is 1023 B"]);
    sample(&mut full, Pressure { disk_free: Some(1100), ..Pressure::default() });
    assert_eq!(full.start(), []);
    sample(&mut full, Pressure { disk_free: Some(1127), ..Pressure::default() });
    assert_eq!(full.start(), [1, 2, 3, 4]);
    let mut backlog = world(Pressure { backlog: Some(101), ..Pressure::default() });
    assert_eq!(backlog.start(), []);
    assert_eq!(backlog.why(1), ["waits for the backlog of callbacks to fall below 90; it is 101"]);
}

#[test]
fn a_reading_at_its_limit_is_not_past_it() {
    for read in [
        memory(10.0),
        Pressure { disk_free: Some(1024), ..Pressure::default() },
        Pressure { backlog: Some(100), ..Pressure::default() },
    ] {
        assert_eq!(world(read).start(), [1, 2, 3, 4], "{read:?}");
    }
}

#[test]
fn status_shows_each_reading_beside_its_limit() {
    let read = Pressure {
        cpu: Some(50.0),
        load: Some(0.5),
        disk_free: Some(2048),
        backlog: Some(7),
        ..memory(9.0)
    };
    let world = world(read);
    let state = world.node.state(world.now);
    let gate = state.gates.iter().find(|gate| gate.name == "pressure").unwrap();
    assert_eq!(
        gate.text,
        "pressure on the cores 50.0 % (limit 90.0 %), pressure on memory 9.0 % (limit 10.0 %), \
         no reading of pressure on the disks: inert, load per core 0.50 (limit 2.00), \
         free disk 2.0 KiB (limit 1.0 KiB), backlog of callbacks 7 (limit 100)"
    );
}

#[test]
fn what_cannot_be_read_is_inert_and_says_so() {
    let mut world = world(Pressure::default());
    assert_eq!(world.start(), [1, 2, 3, 4]);
    let state = world.node.state(world.now);
    let gate = state.gates.iter().find(|gate| gate.name == "pressure").unwrap();
    assert!(gate.text.contains("no reading of pressure on memory: inert"), "{}", gate.text);
}

#[test]
fn an_old_reading_does_not_hold_the_node_for_ever() {
    let mut world = world(memory(99.0));
    assert_eq!(world.start(), [1]);
    let wake = world.node.wake(world.now).unwrap();
    world.pass(60.0);
    assert_eq!(world.start(), []);
    world.pass(0.000_001);
    assert_eq!(world.now.moment, wake);
    assert_eq!(world.start(), [2, 3, 4]);
}
