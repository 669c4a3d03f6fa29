//! Jobs of all sorts, and strategies of all sorts.

use std::time::Duration;

use regulator::sim::{Plant, Random, TraceJob};
use regulator::{AskId, Demand, Moment, Stack, Strategy};

const CORES: u64 = 8;
const MEMORY: u64 = 1000;

/// A trace of jobs that crowd the node: demands, keys, tenants and kinds of all sorts.
pub(super) fn crowd(jobs: usize, seed: u64, exact: bool) -> Vec<TraceJob> {
    let mut random = Random::new(seed);
    let mut at = 0.0;
    let busy = 0.3 + 1.5 * random.unit();
    let job = |index| {
        at += random.exponential(4.0 / busy);
        let runtime = 1.0 + random.exponential(20.0).round();
        let slack = if exact { 1.0 } else { 1.0 + 2.0 * random.unit() };
        let big = random.below(10) == 0;
        TraceJob {
            id: AskId(1 + index as u128),
            submitted: Moment::from_secs_f64(at.round()),
            runtime: Duration::from_secs_f64(runtime),
            expected: Some(Duration::from_secs_f64((runtime * slack).ceil())),
            kind: ["loader", "matrix", "task"][random.below(3) as usize].to_owned(),
            tenant: ["maize", "rice", "wheat"][random.below(3) as usize].to_owned(),
            key: (random.below(3) > 0).then(|| format!("set {}", random.below(12))),
            priority: random.below(5) as i16 - 2,
            demand: Demand {
                cpu_milli: 500 * (1 + random.below(if big { 2 * CORES } else { 4 })),
                memory: 1 + random.below(if big { MEMORY } else { MEMORY / 5 }),
                scratch: random.below(100),
                io: random.below(3),
            },
            peak_memory: None,
            size: 1 + random.below(1 << 20),
        }
    };
    (0..jobs).map(job).collect()
}

const RANKS: [&str; 4] = [
    "rank = \"fifo\"",
    "rank = { priority = { level = \"30s\" } }",
    "rank = { fair = { weights = { maize = 2 } } }",
    "rank = { dominant = {} }",
];

/// The gates to choose from; the bits of a number say which, the budget is always there.
const GATES: [&str; 8] = [
    "{ fixed = { at_once = 5 } }",
    "{ keyed = {} }",
    "{ keyed = { by = \"tenant\", at_once = 3 } }",
    "{ keyed = { by = \"kind\", at_once = 4 } }",
    "{ rate = { starts = 6, per = \"1m\", burst = 4 } }",
    "{ rate = { starts = 3, per = \"1m\", burst = 2, of = \"tenant\" } }",
    "{ window = { hours = [\"00:00-00:03\", \"00:06-24:00\"], zone = \"UTC\", kinds = [\"matrix\"] } }",
    "{ window = { hours = [\"00:00-00:05\", \"00:07-24:00\"], zone = \"UTC\", kinds = [\"task\"], finish = true } }",
];

pub(super) fn strategy(rank: usize, gates: u8, backfill: bool, learned: bool) -> Strategy {
    let budget = "{ resources = { cores = 8, memory = 1000, scratch = 400, io = 6 } }";
    let chosen = GATES.iter().enumerate().filter(|(bit, _)| gates & (1 << bit) != 0);
    let gates: Vec<_> = chosen.map(|(_, gate)| *gate).chain([budget]).collect();
    let toml = format!(
        "{}\ngates = [{}]\n{}\n{}",
        RANKS[rank],
        gates.join(", "),
        if backfill { "backfill = { depth = 20 }" } else { "" },
        if learned { "learned = {}" } else { "" },
    );
    Strategy::from_toml(&toml).unwrap_or_else(|error| panic!("{error}\n{toml}"))
}

pub(super) fn stack(strategy: &Strategy) -> Stack {
    Stack::new(strategy, Plant::default().dawn())
}
