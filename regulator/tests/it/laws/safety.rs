//! What holds at every moment of every run.

use std::collections::BTreeSet;

use proptest::prelude::*;
use regulator::sim::{Event, Plant, Random, TraceJob, watch};
use regulator::{AskId, Demand, Mode, Moment, Pressure, Signal, Strategy};

use super::cases;
use super::crowd::{crowd, stack, strategy};
use super::inspector::Inspector;

/// Runs a crowd and answers the order of starts, with an inspector beside it.
fn inspected(strategy: &Strategy, gates: u8, trace: &[TraceJob]) -> Vec<(AskId, Moment)> {
    let mut inspector = Inspector::new(gates);
    let mut starts = Vec::new();
    let mut node = stack(strategy);
    let run = watch(&mut node, trace, &Plant::default(), |now, event, node| {
        inspector.see(now, &event);
        if let Event::Started(_, grant) = &event {
            starts.push((grant.id, now.moment));
        }
        // Books: what was granted and not given back is what runs.
        if event == Event::Settled {
            let state = node.state(now);
            assert_eq!(state.running as usize, inspector.running.len());
            let demands = inspector.running.values().map(|(_, demand)| demand);
            assert_eq!(state.used, demands.fold(Demand::default(), |all, one| all.plus(one)));
        }
    });
    // Liveness: whoever was taken in has started and ended, and nothing is left in the books.
    let started: BTreeSet<_> = starts.iter().map(|(id, _)| *id).collect();
    assert_eq!(started.len() + run.refused.len(), trace.len());
    assert!(node.books().running().is_empty() && node.books().used() == Demand::default());
    starts
}

proptest! {
    #![proptest_config(cases(0.5, 1800))]

    /// 1 safety, 2 books, 5 liveness, 7 determinism: under every mix of rank, gates, backfill and
    /// learning.
    #[test]
    fn no_rule_is_broken_no_job_is_lost_and_the_same_events_give_the_same_decisions(
        seed: u64, rank in 0..4usize, gates: u8, backfill: bool, learned: bool,
    ) {
        let strategy = strategy(rank, gates, backfill, learned);
        let trace = crowd(300, seed, false);
        let starts = inspected(&strategy, gates, &trace);
        prop_assert_eq!(starts, inspected(&strategy, gates, &trace));
    }
}

/// Pressure, pausing and clock jumps in the middle of a crowd lose nobody.
#[test]
fn the_operator_and_the_weather_lose_nobody() {
    let toml = "gates = [{ fixed = { at_once = 5 } }, { pressure = { memory = 10 } }]";
    let strategy = Strategy::from_toml(toml).unwrap();
    let trace = crowd(2000, 9, false);
    let mut random = Random::new(4);
    let mut node = stack(&strategy);
    let run = watch(&mut node, &trace, &Plant::default(), |mut now, event, node| {
        if !matches!(event, Event::Ended(..)) {
            return;
        }
        let memory = Some(20.0 * random.unit());
        now.wall += jiff::SignedDuration::from_secs(random.below(7200) as i64 - 3600);
        node.observe(now, Signal::Pressure(Pressure { memory, ..Pressure::default() }));
        let waits = node.state(now).running > 0 && random.below(4) == 0;
        node.set_mode(now, if waits { Mode::Paused } else { Mode::Open });
    });
    assert!(run.records.iter().all(|record| record.ended.is_some()));
}
