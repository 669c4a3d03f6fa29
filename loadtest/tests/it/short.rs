//! Nothing is lost and nothing happens twice, for a few seeds.

use crate::run::loadtest;

#[test]
fn every_promise_holds_while_everything_is_broken_at_random() {
    for seed in ["1", "2"] {
        let (table, held) = loadtest(&[
            "faults",
            "--figures",
            "mix",
            "--seed",
            seed,
            "--jobs",
            "60",
            "--faults",
            "6",
        ]);
        assert!(held, "{table:#}");
    }
}

#[test]
fn every_promise_holds_for_two_nodes_in_bad_weather() {
    let (table, held) = loadtest(&[
        "faults",
        "--figures",
        "F1,F6",
        "--nodes",
        "2",
        "--jobs",
        "60",
        "--faults",
        "4",
    ]);
    assert!(held, "{table:#}");
}

#[test]
fn who_was_stopped_past_the_lease_publishes_nothing_and_a_job_has_one_owner() {
    let (table, held) =
        loadtest(&["faults", "--figures", "F7,F9", "--jobs", "40", "--faults", "2"]);
    assert!(held, "{table:#}");
}

#[test]
fn one_key_makes_one_job_and_neither_poison_nor_a_full_disk_harms_others() {
    let (table, held) =
        loadtest(&["faults", "--figures", "F13,F14,F15", "--jobs", "40", "--faults", "2"]);
    assert!(held, "{table:#}");
}

#[test]
fn every_measurement_works_and_loses_nothing() {
    let smoke = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/smoke.toml");
    let (table, held) = loadtest(&["load", "--scenario", smoke]);
    assert!(held, "{table:#}");
    assert_eq!(table["cells"].as_array().map(Vec::len), Some(12), "{table:#}");
}
