//! Who gets how much, and who waits how long at most.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use regulator::sim::{Event, Plant, Random, simulate, watch};
use regulator::{Moment, Strategy};

use super::cases;
use super::crowd::{crowd, stack};

proptest! {
    #![proptest_config(cases(0.1, 6000))]

    /// 6 fairness: tenants that always have work waiting get their weights' shares within 5 %, and
    /// at equal weights Jain's index of what they got is at least 0.95.
    #[test]
    fn shares_converge_to_weights(seed: u64, weight in 1..5u32, equal: bool) {
        let weight = if equal { 1 } else { weight };
        let toml = format!(
            "rank = {{ fair = {{ weights = {{ maize = {weight} }} }} }}\n\
             gates = [{{ fixed = {{ at_once = 4 }} }}]"
        );
        let mut random = Random::new(seed);
        // Nine of ten jobs are maize's, and all are there from the start.
        let mut trace = crowd(12_000, seed, true);
        for (at, job) in trace.iter_mut().enumerate() {
            job.submitted = Moment::ZERO;
            job.demand.cpu_milli = 1000;
            job.tenant = if at % 3 == 0 { "rice" } else { "maize" }.to_owned();
            job.runtime = Duration::from_secs(1 + random.below(20));
            job.expected = Some(Duration::from_secs(10));
        }
        let strategy = Strategy::from_toml(&toml).unwrap();
        let mut got: BTreeMap<String, f64> = BTreeMap::new();
        let mut ended = 0;
        watch(&mut stack(&strategy), &trace, &Plant::default(), |_, event, _| {
            if let Event::Ended(job, _) = event {
                ended += 1;
                if ended <= 4000 {
                    *got.entry(job.tenant.clone()).or_default() += job.runtime.as_secs_f64();
                }
            }
        });
        let (maize, rice) = (got["maize"], got["rice"]);
        let share = maize / (maize + rice);
        let due = f64::from(weight) / f64::from(weight + 1);
        prop_assert!((share / due - 1.0).abs() < 0.05, "{share} of {due}");
        if equal {
            let jain = (maize + rice).powi(2) / (2.0 * (maize * maize + rice * rice));
            prop_assert!(jain >= 0.95, "{jain}");
        }
    }
}

/// 5 liveness: with ageing, nobody waits longer than the levels between the priorities are worth
/// and what was before it, however many jobs of high priority come.
#[test]
fn ageing_bounds_the_wait_of_the_least() {
    let toml = "rank = { priority = { level = \"1m\" } }\ngates = [{ fixed = { at_once = 1 } }]";
    let mut trace = crowd(4000, 3, true);
    for (at, job) in trace.iter_mut().enumerate() {
        // Fifty at once, and then as many as can be served: a backlog that never ends.
        job.submitted = Moment::from_secs_f64(10.0 * at.saturating_sub(50) as f64);
        job.runtime = Duration::from_secs(10);
        job.priority = if at == 100 { -5 } else { 5 };
    }
    let plant = Plant::default();
    let run = simulate(&mut stack(&Strategy::from_toml(toml).unwrap()), &trace, &plant);
    let wait = run.records[100].started.unwrap().since(trace[100].submitted);
    // Ten levels of a minute, and the backlog of five hundred seconds that it found.
    assert!((1080..=1110).contains(&wait.as_secs()), "{wait:?}");
}
