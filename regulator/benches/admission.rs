//! What it costs to admit one job among many that wait.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use regulator::{Ask, AskId, End, Moment, Now, Outcome, Regulator, Stack, Strategy};

const STRATEGIES: [(&str, &str); 6] = [
    ("fixed", "gates = [{ fixed = { at_once = 8 } }]"),
    ("keyed", "gates = [{ fixed = { at_once = 8 } }, { keyed = {} }]"),
    ("fair", "rank = { fair = {} }\ngates = [{ fixed = { at_once = 8 } }]"),
    ("priority", "rank = { priority = {} }\ngates = [{ fixed = { at_once = 8 } }]"),
    (
        "all",
        "rank = { fair = {} }\ngates = [{ fixed = { at_once = 8 } }, { keyed = {} },
       { resources = { memory = 100 } }, { rate = { starts = 1000000, per = \"1s\", burst = 99 } }]
       learned = {}\nbackfill = {}",
    ),
    ("backfill", "gates = [{ resources = { memory = 100 } }]\nbackfill = {}"),
];

const NOW: Now = Now { moment: Moment::ZERO, wall: Timestamp::UNIX_EPOCH };

fn ask(id: u128) -> Ask {
    let mut ask = Ask::new(AskId(id), "loader", ["maize", "rice", "wheat"][(id % 3) as usize]);
    // Of a hundred thousand, half share fifty keys: most of them wait for one that is busy.
    ask.key =
        Some(if id.is_multiple_of(2) { format!("hot {}", id % 50) } else { format!("set {id}") });
    ask.demand.memory = 10;
    ask.priority = (id % 7) as i16;
    ask.runtime = Some(std::time::Duration::from_secs(60));
    ask
}

/// A node with its slots full and so many waiting.
fn crowded(toml: &str, waiting: u128) -> Stack {
    let strategy = Strategy::from_toml(toml).expect("the strategy is right");
    let mut node = Stack::new(&strategy, NOW);
    for id in 0..waiting {
        node.submit(NOW, ask(id)).expect("it has room");
    }
    while node.admit(NOW).is_some() {}
    node
}

/// One job ends, the next is admitted, a new one comes: the line stays as long as it is.
fn turn(node: &mut Stack, next: &mut u128) {
    let first = node.books().running().keys().next().copied().expect("some run");
    let now = Now { moment: Moment::from_micros(1000 * *next as i64), ..NOW };
    node.finish(now, first, Outcome::of(End::Completed));
    black_box(node.admit(now)).expect("one has room");
    *next += 1;
    node.submit(now, ask(*next)).expect("it has room");
}

fn admission(bench: &mut Criterion) {
    for (name, toml) in STRATEGIES {
        let mut group = bench.benchmark_group(name);
        for waiting in [1_000, 10_000, 100_000] {
            let (mut node, mut next) = (crowded(toml, waiting), waiting);
            group.bench_function(BenchmarkId::from_parameter(waiting), |bench| {
                bench.iter(|| turn(&mut node, &mut next));
            });
        }
        group.finish();
    }
}

fn explanation(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("explain the last");
    for (name, toml) in STRATEGIES {
        let node = crowded(toml, 100_000);
        group.bench_function(name, |bench| {
            bench.iter(|| black_box(node.explain(NOW, AskId(99_999))));
        });
    }
    group.finish();
}

criterion_group!(benches, admission, explanation);
criterion_main!(benches);
