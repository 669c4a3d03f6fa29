use std::time::Duration;

use jiff::Timestamp;
use regulator::Regulator;

use crate::world::World;

fn world(hours: &str, more: &str, at: &str) -> World {
    let toml = format!(
        "gates = [{{ fixed = {{ at_once = 9 }} }},
         {{ window = {{ hours = [{hours}], zone = \"Europe/Berlin\"{more} }} }}]"
    );
    let mut world = World::new(&toml);
    world.now.wall = at.parse().unwrap();
    world
}

/// Turns the clock to a time of the calendar, no earlier than now.
fn turn(world: &mut World, at: &str) {
    let to: Timestamp = at.parse().unwrap();
    world.pass(to.duration_since(world.now.wall).as_secs_f64());
}

#[test]
fn kinds_wait_for_their_hours_and_others_pass() {
    let mut world =
        world("\"mon-fri 19:00-06:00\"", ", kinds = [\"matrix\"]", "2026-11-20T17:00:00+01:00");
    world.submit(1, |ask| ask.kind = "matrix".into()).unwrap();
    world.submit(2, |_| ()).unwrap();
    assert_eq!(world.start(), [2]);
    assert_eq!(
        world.why(1),
        ["waits for the hours of `matrix`, Fri 19:00 Europe/Berlin, in 2h 0m"]
    );
    turn(&mut world, "2026-11-20T18:59:59+01:00");
    assert_eq!(world.start(), []);
    turn(&mut world, "2026-11-20T19:00:00+01:00");
    assert_eq!(world.start(), [1]);
}

#[test]
fn a_night_reaches_over_midnight_and_a_weekend_is_one_stretch() {
    let hours = "\"fri 19:00-24:00\", \"sat,sun 00:00-24:00\"";
    let mut world = world(hours, ", finish = true", "2026-11-20T20:00:00+01:00");
    world.submit(1, |ask| ask.runtime = Some(Duration::from_secs(50 * 3600))).unwrap();
    assert_eq!(world.start(), [1], "until Monday midnight it is 52 hours");
    world.submit(2, |ask| ask.runtime = Some(Duration::from_secs(52 * 3600 + 1))).unwrap();
    assert_eq!(world.start(), []);
    assert!(world.why(2)[0].starts_with("would not end before they do and waits for the hours"));
    world.submit(3, |_| ()).unwrap();
    assert_eq!(world.start(), [3], "nobody knows how long it runs");
    world.submit(4, |ask| ask.runtime = Some(Duration::from_secs(60 * 3600))).unwrap();
    assert_eq!(world.start(), [4], "longer than the hours: it could otherwise never start");
    turn(&mut world, "2026-11-27T19:00:00+01:00");
    assert_eq!(world.start(), [2]);
}

#[test]
fn hours_follow_the_wall_clock_on_the_days_it_is_set() {
    // 29 March 2026: 02:00 becomes 03:00. 25 October 2026: 03:00 becomes 02:00.
    let mut spring = world("\"02:30-04:00\"", "", "2026-03-29T01:59:00+01:00");
    spring.submit(1, |_| ()).unwrap();
    assert_eq!(spring.start(), []);
    turn(&mut spring, "2026-03-29T03:29:00+02:00");
    assert_eq!(spring.start(), [], "02:30 does not exist: half an hour after the gap");
    turn(&mut spring, "2026-03-29T03:30:00+02:00");
    assert_eq!(spring.start(), [1]);
    let mut autumn = world("\"02:30-02:45\"", "", "2026-10-25T02:30:00+01:00");
    autumn.submit(1, |_| ()).unwrap();
    assert_eq!(autumn.start(), [], "the second half past two is not meant");
}

#[test]
fn a_jump_of_the_wall_clock_starves_nobody() {
    let mut world = world("\"19:00-20:00\"", "", "2026-11-20T12:00:00+01:00");
    world.submit(1, |_| ()).unwrap();
    assert_eq!(world.start(), []);
    let wake = world.node.wake(world.now).unwrap();
    assert!(wake.since(world.now.moment) <= Duration::from_secs(60), "it looks again every minute");
    world.now.wall = "2026-11-20T19:30:00+01:00".parse().unwrap();
    assert_eq!(world.start(), [1]);
}

#[test]
fn a_job_handed_in_with_a_clock_that_was_wrong_does_not_become_the_oldest_for_ever() {
    let mut world = World::new("gates = [{ fixed = { at_once = 1 } }]");
    world.now.wall = "2026-11-20T12:00:00Z".parse().unwrap();
    world.submit(1, |ask| ask.submitted = Timestamp::UNIX_EPOCH).unwrap();
    world.submit(2, |ask| ask.submitted = Timestamp::MAX).unwrap();
    let waited = |id| world.node.explain(world.now, regulator::AskId(id)).unwrap().waited_s;
    assert_eq!((waited(1), waited(2)), (30.0 * 86_400.0, 0.0));
}

#[test]
fn a_job_that_waits_for_hours_does_not_stand_before_others_of_its_key() {
    let toml = "gates = [{ fixed = { at_once = 9 } }, { keyed = {} },
        { window = { hours = [\"19:00-20:00\"], zone = \"UTC\", kinds = [\"matrix\"], finish = true } }]";
    let mut world = World::new(toml);
    for (id, kind) in [(1, "matrix"), (2, "matrix"), (3, "loader"), (4, "loader")] {
        world
            .submit(id, |ask| (ask.kind, ask.key) = (kind.to_owned(), Some("set 7".to_owned())))
            .unwrap();
    }
    assert_eq!(world.start(), [3]);
    world.end(3);
    assert_eq!(world.start(), [4]);
}
