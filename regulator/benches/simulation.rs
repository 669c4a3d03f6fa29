//! What it takes to simulate a million jobs, in seconds, under strategies plain and rich.
//!
//! Under the light load hardly anybody waits. Under the heavy one nine tenths of the cores are busy
//! and dozens wait, so that backfill looks at as many jobs as it may whenever something happens.
//! Words after `--` choose: `cargo bench -p regulator --bench simulation -- heavy 100`.

use std::io::Write;
use std::time::{Duration, Instant};

use regulator::sim::{Generator, Plant, TraceJob, simulate};
use regulator::{Stack, Strategy};

const RICH: &str = "rank = { fair = { weights = { maize = 2 } } }
gates = [{ resources = { cores = 16, memory = \"48 GiB\" } }, { keyed = {} }]";

fn main() {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let strategies = [
        ("four at once", "gates = [{ fixed = { at_once = 4 } }]".to_owned()),
        ("fair, resources, keyed", RICH.to_owned()),
        ("the same, backfill 20 deep", format!("{RICH}\nbackfill = {{ depth = 20 }}")),
        ("the same, backfill 50 deep", format!("{RICH}\nbackfill = {{}}")),
        ("the same, backfill 100 deep", format!("{RICH}\nbackfill = {{ depth = 100 }}")),
    ];
    for (load, every) in [("light", 5000), ("heavy", 1800)] {
        let every = Duration::from_millis(every);
        let trace = Generator { jobs: 1_000_000, every, ..Generator::default() }.trace();
        for (name, toml) in &strategies {
            let name = format!("{load} load, {name:<28}");
            if wanted.iter().all(|word| name.contains(word)) {
                let line = writeln!(std::io::stdout(), "{name} {:6.2} s", seconds(toml, &trace));
                line.expect("the terminal is there");
            }
        }
    }
}

fn seconds(toml: &str, trace: &[TraceJob]) -> f64 {
    let strategy = Strategy::from_toml(toml).expect("the strategy is right");
    let plant = Plant::default();
    let begin = Instant::now();
    let run = simulate(&mut Stack::new(&strategy, plant.dawn()), trace, &plant);
    assert_eq!(run.events, 3_000_000);
    begin.elapsed().as_secs_f64()
}
