use std::path::Path;

use regulator::ranks::{Dominant, DominantRank, Fair, FairRank, Fifo, Priority};
use regulator::sim::COLUMNS;
use regulator::{Rank, Strategy};

fn docs() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"))
}

#[test]
fn the_examples_for_operators_are_strategies() {
    let mut count = 0;
    for entry in docs().join("strategies").read_dir().unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let strategy = Strategy::from_toml(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let written = strategy.to_toml();
        assert_eq!(Strategy::from_toml(&written), Ok(strategy.clone()), "{written}");
        let json = serde_json::to_string(&strategy).unwrap();
        assert_eq!(Strategy::from_json(&json), Ok(strategy), "{json}");
        count += 1;
    }
    assert!(count >= 6, "{count} examples");
}

#[test]
fn the_manual_names_every_column() {
    let manual = std::fs::read_to_string(docs().join("regulator.md")).unwrap();
    for (column, _) in COLUMNS {
        assert!(manual.contains(&format!("`{column}`")), "{column}");
    }
}

/// Wrong strategies, the line that is blamed, and a word of what is allowed.
#[test]
fn wrong_strategies_are_refused_with_their_line_and_what_is_allowed() {
    for (toml, line, says) in [
        ("gates = [\n{ fixed = { at_once = -1 } }]", Some(2), "nonzero u32"),
        ("gates = [{ fixed = {} }]", Some(1), "missing field `at_once`"),
        ("\ngate = []", Some(2), "expected one of `rank`, `gates`, `backfill`, `learned`"),
        (
            "rank = \"lifo\"\ngates = []",
            Some(1),
            "expected one of `fifo`, `priority`, `fair`, `dominant`",
        ),
        ("rank = \"fifo\"", Some(1), "missing field `gates`"),
        ("gates = [\n  { resources = { memory = \"much\" } },\n]", Some(2), "24 GiB"),
        ("gates = [\n  { resources = {} },\n]", Some(2), "at least one of"),
        ("gates = [\n  { resources = { cores = 0 } },\n]", Some(2), "from 0.001"),
        ("rank = \"fifo\"\ngates = [{ keyed = {} }]", Some(2), "add a gate `fixed`"),
        ("\n[[gates]]\nkeyed = {}", Some(2), "add a gate `fixed`"),
        ("gates = [{ fixed = { at_once = 1 } }]\nrank = { dominant = {} }", Some(2), "`resources`"),
        ("gates = [\n{ keyed = { by = \"user\" } }]", Some(2), "`key`, `kind`, `tenant`"),
        ("gates = [\n{ rate = { starts = 1, per = \"soon\" } }]", Some(2), "2h 30m"),
        ("gates = [\n{ rate = { starts = 9, per = \"1us\" } }]", Some(2), "at most 31 days"),
        ("gates = [\n{ rate = { starts = 1, per = \"768h\" } }]", Some(2), "at most 31 days"),
        ("gates = [\n{ window = { hours = [\"all day\"], zone = \"UTC\" } }]", Some(2), "mon-fri"),
        ("gates = [\n{ window = { hours = [], zone = \"UTC\" } }]", Some(2), "at least one entry"),
        (
            "gates = [\n{ window = { hours = [\"01:00-02:00\"], zone = \"Oz\" } }]",
            Some(2),
            "no time zone `Oz`",
        ),
        ("gates = [\n{ adaptive = { max = 2, min = 3 } }]", Some(2), "out of order"),
        ("gates = [\n{ adaptive = { max = 2, gain = 1.0 } }]", Some(2), "between 0 and 1"),
        ("gates = [\n{ adaptive = { max = 2, backoff = 0 } }]", Some(2), "between 0 and 1"),
        ("gates = [\n{ adaptive = { max = 2, window = \"0s\" } }]", Some(2), "must not be zero"),
        ("gates = [{ fixed = { at_once = 1 } }]\nbackfill = { depth = 0 }", Some(2), "nonzero"),
        ("gates = [\n{ adaptive = { max = 2, gain = 0 } }]", Some(2), "between 0 and 1"),
        ("gates = [\n{ adaptive = { max = 2, backoff = 1.0 } }]", Some(2), "between 0 and 1"),
        ("gates = [\n{ resources = { memory = true } }]", Some(2), "a size such as \"24 GiB\""),
        ("gates = [", Some(1), ""),
    ] {
        let error = Strategy::from_toml(toml).unwrap_err();
        assert_eq!(error.line, line, "{toml}: {error}");
        assert!(error.message.contains(says), "{toml}: {error}");
    }
}

#[test]
fn what_is_wrong_with_a_whole_strategy_in_json_is_blamed_on_the_field_it_names() {
    let error = Strategy::from_json("{\n\"rank\": \"fifo\",\n\"gates\": []}").unwrap_err();
    assert_eq!(error.line, Some(3), "{error}");
}

#[test]
fn ranks_go_by_the_names_that_strategies_call_them() {
    let dominant = DominantRank::new(Dominant::default(), regulator::Demand::UNBOUNDED);
    let (fair, priority) = (FairRank::new(Fair::default()), Priority::default());
    let names = [Fifo.name(), priority.name(), fair.name(), dominant.name()];
    assert_eq!(names, ["fifo", "priority", "fair", "dominant"]);
}

#[test]
fn gates_go_by_the_names_that_strategies_call_them() {
    let toml = "gates = [{ fixed = { at_once = 1 } }, { resources = { io = 1 } }, { keyed = {} },
        { rate = { starts = 1, per = \"1m\" } }, { pressure = {} }, { adaptive = { max = 1 } },
        { window = { hours = [\"00:00-24:00\"], zone = \"UTC\" } }]";
    let world = crate::world::World::new(toml);
    let state = regulator::Regulator::state(&world.node, world.now);
    let mut names: Vec<_> = state.gates.iter().map(|gate| gate.name).collect();
    names.sort_unstable();
    let all = ["adaptive", "alone", "fixed", "keyed", "pressure", "rate", "resources", "window"];
    assert_eq!(names, all);
}
