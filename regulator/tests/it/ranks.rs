use std::time::Duration;

use regulator::{AskId, Regulator, Strategy};

use crate::world::World;

fn submit(world: &mut World, id: u128, tenant: &str, seconds: u64) {
    let with = |ask: &mut regulator::Ask| {
        (ask.tenant, ask.runtime) = (tenant.to_owned(), Some(Duration::from_secs(seconds)));
    };
    world.submit(id, with).unwrap();
}

#[test]
fn a_level_of_priority_is_worth_so_much_waiting() {
    let mut world = World::new(
        "rank = { priority = { level = \"1m\" } }\ngates = [{ fixed = { at_once = 1 } }]",
    );
    world.submit(1, |_| ()).unwrap();
    world.submit(2, |ask| ask.priority = 5).unwrap();
    world.pass(120.0);
    world.submit(3, |ask| ask.priority = 2).unwrap();
    world.submit(4, |ask| ask.priority = 3).unwrap();
    let mut order = world.start();
    while let Some(last) = order.last().copied() {
        world.end(last);
        match world.grant() {
            Some(grant) => order.push(grant.id.0),
            None => break,
        }
    }
    assert_eq!(order, [2, 4, 1, 3], "1 has waited for two levels, and came before 3");
}

#[test]
fn a_strategy_lifts_tenants_and_kinds_by_levels() {
    let mut world = World::new(
        "rank = { priority = { level = \"1m\", tenants = { rice = 3 }, kinds = { matrix = -2 } } }
         gates = [{ fixed = { at_once = 9 } }]",
    );
    for (id, tenant, kind, priority) in [
        (1, "maize", "matrix", 0),
        (2, "maize", "loader", 2),
        (3, "rice", "matrix", 0),
        (4, "rice", "loader", 0),
    ] {
        let with = |ask: &mut regulator::Ask| {
            (ask.tenant, ask.kind) = (tenant.to_owned(), kind.to_owned());
            ask.priority = priority;
        };
        world.submit(id, with).unwrap();
    }
    let why = world.node.explain(world.now, AskId(3)).unwrap();
    assert_eq!(why.place.order, "priority 1, where a level is worth 1m of waiting");
    assert_eq!(world.start(), [4, 2, 3, 1]);
}

#[test]
fn tenants_take_turns_by_weight() {
    let mut world = World::new(
        "rank = { fair = { weights = { maize = 2 }, charge = \"jobs\" } }
         gates = [{ fixed = { at_once = 6 } }]",
    );
    for id in 0..30 {
        submit(&mut world, id, "maize", 1);
    }
    for id in 100..110 {
        submit(&mut world, id, "rice", 1);
    }
    let started = world.start();
    assert_eq!(started.iter().filter(|id| **id < 100).count(), 4, "{started:?}");
    let why = world.node.explain(world.now, AskId(20)).unwrap();
    assert_eq!(why.place.queue, "maize");
    assert_eq!((why.place.position, why.place.queue_length, why.place.waiting), (17, 26, 34));
    assert_eq!(why.place.order, "by shares of the node, where `maize` has weight 2");
}

#[test]
fn a_tenant_that_was_away_neither_saved_up_nor_owes() {
    let mut world = World::new(
        "rank = { fair = { charge = \"jobs\" } }\ngates = [{ fixed = { at_once = 1 } }]",
    );
    for id in 0..10 {
        submit(&mut world, id, "maize", 1);
        world.start();
        world.end(id);
    }
    for id in 0..4 {
        submit(&mut world, 20 + id, "maize", 1);
        submit(&mut world, 30 + id, "rice", 1);
    }
    let mut order = Vec::new();
    while let Some(grant) = world.grant() {
        order.push(grant.id.0);
        world.end(grant.id.0);
    }
    assert_eq!(order, [30, 20, 31, 21, 32, 22, 33, 23]);
}

#[test]
fn time_is_charged_as_it_was_not_as_it_was_guessed() {
    let mut world = World::new("rank = { fair = {} }\ngates = [{ fixed = { at_once = 1 } }]");
    submit(&mut world, 1, "maize", 100);
    for id in 2..5 {
        submit(&mut world, id, "rice", 10);
    }
    submit(&mut world, 9, "maize", 10);
    assert_eq!(world.start(), [1]);
    world.pass(5.0);
    world.end(1);
    assert_eq!(world.start(), [2]);
    world.pass(10.0);
    world.end(2);
    assert_eq!(world.start(), [9], "five seconds for maize, ten for rice");
}

#[test]
fn size_can_be_charged_too() {
    let mut world = World::new(
        "rank = { fair = { charge = \"size\" } }\ngates = [{ fixed = { at_once = 3 } }]",
    );
    for (id, tenant, size) in [(1, "maize", 30), (2, "maize", 30), (3, "rice", 10), (4, "rice", 10)]
    {
        world.submit(id, |ask| (ask.tenant, ask.size) = (tenant.to_owned(), size)).unwrap();
    }
    assert_eq!(world.start(), [1, 3, 4]);
}

#[test]
fn shares_outlive_a_restart() {
    let toml = "rank = { fair = { charge = \"jobs\" } }\ngates = [{ fixed = { at_once = 9 } }]";
    let mut old = World::new(toml);
    for id in 0..3 {
        submit(&mut old, id, "maize", 1);
    }
    old.start();
    let mut new = World::new(toml);
    new.node.recall(new.now, &old.node.remember(old.now));
    submit(&mut new, 10, "maize", 1);
    submit(&mut new, 11, "rice", 1);
    assert_eq!(new.start(), [11, 10]);
}

#[test]
fn the_tenant_that_holds_least_of_what_it_holds_most_goes_first() {
    // The example of the paper: nine cores and eighteen GiB; A wants (1, 4), B wants (3, 1).
    let mut world = World::new(
        "rank = { dominant = {} }\ngates = [{ resources = { cores = 9, memory = 18 } }]",
    );
    for at in 0..10 {
        let demand =
            |cpu_milli, memory| regulator::Demand { cpu_milli, memory, ..Default::default() };
        for (base, tenant, demand) in [(0, "a", demand(1000, 4)), (100, "b", demand(3000, 1))] {
            world
                .submit(base + at, |ask| (ask.tenant, ask.demand) = (tenant.to_owned(), demand))
                .unwrap();
        }
    }
    let started = world.start();
    let of_a = started.iter().filter(|id| **id < 100).count();
    assert_eq!((of_a, started.len() - of_a), (3, 2));
    let why = world.node.explain(world.now, AskId(9)).unwrap();
    assert_eq!(why.place.order, "least share first, where `a` holds 67 % of the memory");
}

#[test]
fn a_rank_that_needs_a_budget_asks_for_one() {
    let error =
        Strategy::from_toml("rank = { dominant = {} }\ngates = [{ fixed = { at_once = 1 } }]");
    assert!(error.unwrap_err().message.contains("add a gate `resources`"));
    let error = Strategy::from_toml(
        "gates = [{ fixed = { at_once = 1 } }]\n[rank.fair.weights]\nmaize = 0",
    );
    assert_eq!(error.unwrap_err().line, Some(3));
}

#[test]
fn many_cores_cost_more_than_few() {
    let mut world = World::new("rank = { fair = {} }\ngates = [{ fixed = { at_once = 4 } }]");
    for (id, tenant, cores) in
        [(1, "maize", 3), (2, "maize", 3), (3, "rice", 1), (4, "rice", 1), (5, "rice", 1)]
    {
        let with = |ask: &mut regulator::Ask| {
            (ask.tenant, ask.demand.cpu_milli) = (tenant.to_owned(), 1000 * cores);
            ask.runtime = Some(Duration::from_secs(10));
        };
        world.submit(id, with).unwrap();
    }
    assert_eq!(world.start(), [1, 3, 4, 5]);
}

#[test]
fn a_tenant_is_measured_by_what_it_still_holds() {
    let mut world = World::new("rank = { dominant = {} }\ngates = [{ resources = { cores = 7 } }]");
    let mut submit = |id, tenant: &str, cores: u64| {
        let with = |ask: &mut regulator::Ask| {
            (ask.tenant, ask.demand.cpu_milli) = (tenant.to_owned(), 1000 * cores);
        };
        world.submit(id, with).unwrap();
    };
    submit(1, "a", 2);
    submit(2, "a", 4);
    submit(3, "b", 1);
    for (id, tenant) in [(4, "a"), (5, "b")] {
        submit(id, tenant, 1);
    }
    assert_eq!(world.start(), [1, 3, 5], "who is behind the large one goes no further");
    let why = world.node.explain(world.now, AskId(4)).unwrap();
    assert_eq!(why.place.queue, "a");
    world.end(3);
    world.end(5);
    assert_eq!(world.start(), [2, 4]);
    world.end(1);
    world.submit(6, |ask| (ask.tenant, ask.demand.cpu_milli) = ("a".to_owned(), 1000)).unwrap();
    world.submit(7, |ask| (ask.tenant, ask.demand.cpu_milli) = ("b".to_owned(), 1000)).unwrap();
    let order = |id| world.node.explain(world.now, AskId(id)).unwrap().place.order;
    assert_eq!(order(6), "least share first, where `a` holds 71 % of the cores");
    assert_eq!(order(7), "least share first, where `b` holds 0 % of the cores");
    assert_eq!(world.start(), [7, 6]);
}
