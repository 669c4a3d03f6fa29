use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use regulator::{Ask, AskId, Clock, End, Outcome, Shared, Stack, Strategy, SystemClock};

fn shared(nudges: Arc<AtomicUsize>) -> Arc<Shared> {
    let clock = SystemClock::new();
    let strategy = Strategy::from_toml("gates = [{ fixed = { at_once = 1 } }]").unwrap();
    let node = Stack::new(&strategy, clock.now());
    let nudge = move || _ = nudges.fetch_add(1, Ordering::Relaxed);
    let shared = Shared::new(Box::new(node), clock, nudge);
    for id in [1, 2, 3] {
        let now = shared.now();
        shared.lock().submit(now, Ask::new(AskId(id), "loader", "maize")).unwrap();
    }
    shared
}

#[test]
fn a_dropped_permit_gives_its_room_back_and_nudges() {
    let nudges = Arc::new(AtomicUsize::new(0));
    let node = shared(nudges.clone());
    let permit = node.admit().unwrap();
    assert_eq!(permit.grant().id, AskId(1));
    assert!(node.admit().is_none());
    drop(permit);
    assert_eq!(nudges.load(Ordering::Relaxed), 1);
    let permit = node.admit().unwrap();
    permit.finish(Outcome::of(End::Completed));
    assert_eq!(nudges.load(Ordering::Relaxed), 2);
}

#[test]
fn what_a_permit_says_when_it_is_given_back_is_learned() {
    let clock = SystemClock::new();
    let toml = "learned = { samples = 1, margin = 1 }\ngates = [{ resources = { memory = 900 } }]";
    let node = Stack::new(&Strategy::from_toml(toml).unwrap(), clock.now());
    let shared = Shared::new(Box::new(node), clock, || ());
    for id in [1, 2] {
        let mut ask = Ask::new(AskId(id), "loader", "maize");
        ask.demand.memory = 500;
        let now = shared.now();
        shared.lock().submit(now, ask).unwrap();
    }
    let first = shared.admit().unwrap();
    assert_eq!(first.grant().demand.memory, 500);
    first.finish(Outcome { peak_memory: Some(123), ..Outcome::of(End::Completed) });
    assert_eq!(shared.admit().unwrap().grant().demand.memory, 123);
}

#[test]
fn a_panic_gives_the_room_back_too() {
    let node = shared(Arc::default());
    let permit = node.admit().unwrap();
    let work = std::thread::spawn(move || {
        let _held = permit;
        panic!("the work went wrong");
    });
    assert!(work.join().is_err());
    assert_eq!(node.admit().map(|permit| permit.grant().id), Some(AskId(2)));
}

#[test]
fn a_panic_under_the_lock_does_not_lock_it_for_ever() {
    let node = shared(Arc::default());
    let other = node.clone();
    let broken = std::thread::spawn(move || {
        let _guard = other.lock();
        panic!("under the lock");
    });
    assert!(broken.join().is_err());
    assert!(node.admit().is_some());
}
