//! What holds of a node in the middle of its work.

use std::collections::BTreeSet;

use proptest::prelude::*;
use regulator::sim::{Plant, Random, TraceJob};
use regulator::{End, Lift, Now, Outcome, Regulator, Stack, Strategy};

use super::cases;
use super::crowd::{crowd, stack, strategy};

/// A node in the middle of its work: some run, some wait.
fn halfway(strategy: &Strategy, trace: &[TraceJob]) -> (Stack, Now) {
    let mut node = stack(strategy);
    let plant = Plant::default();
    let mut random = Random::new(trace.len() as u64);
    let mut now = plant.dawn();
    for job in trace {
        now.moment = job.submitted;
        now.wall = job.ask(plant.begins).submitted;
        let _ = node.submit(now, job.ask(plant.begins));
        if random.below(2) == 0 {
            while node.admit(now).is_some() {}
        }
        let running: Vec<_> = node.books().running().keys().copied().collect();
        if random.below(2) == 0 && !running.is_empty() {
            let id = running[random.below(running.len() as u64) as usize];
            assert!(node.finish(now, id, Outcome::of(End::Completed)));
        }
    }
    (node, now)
}

proptest! {
    #![proptest_config(cases(0.2, 700))]

    /// 3 monotone veto: in the same state, one gate more never lets a job pass that the others refuse.
    #[test]
    fn one_gate_more_never_lets_a_job_pass_that_others_refuse(
        seed: u64, gates: u8, extra in 0..8usize, backfill: bool,
    ) {
        let more = strategy(0, gates | 1 << extra, backfill, false);
        let trace = crowd(60, seed, false);
        let (mut strict, now) = halfway(&more, &trace);
        let (mut free, _) = halfway(&more, &trace);
        free.reconfigure(now, &strategy(0, gates & !(1 << extra), backfill, false));
        if let Some(grant) = strict.admit(now) {
            // Without the gate it passes all the others as well. It starts, unless one that the gate
            // had put aside is there again and goes first or has a reservation.
            let why = free.explain(now, grant.id).unwrap();
            prop_assert!(why.blockers.iter().all(|blocker| blocker.gate == "order"), "{:?}", why);
            let first = why.blockers.is_empty();
            prop_assert!(!first || free.admit(now).map(|grant| grant.id) == Some(grant.id));
        }
    }

    /// 4 work conservation: when nothing more starts, whoever passes all gates waits for a
    /// reservation, or is deeper in line than backfill looks; without one, nobody is passed over.
    #[test]
    fn nobody_waits_whom_nothing_keeps(seed: u64, rank in 0..4usize, gates: u8, backfill: bool) {
        let strategy = strategy(rank, gates, backfill, false);
        let trace = crowd(60, seed, false);
        let (mut node, now) = halfway(&strategy, &trace);
        while node.admit(now).is_some() {}
        let idle = node.books().running().is_empty();
        for job in &trace {
            let Some(why) = node.explain(now, job.id) else { continue };
            prop_assert!(!why.blockers.is_empty(), "{} may start and did not", job.id);
            if let [only] = why.blockers.as_slice() {
                let behind = only.gate == "order";
                prop_assert!(!(behind && idle), "an idle node has room for whoever is first");
                prop_assert!(!behind || only.lifts != Lift::JobStarts(job.id));
            }
        }
    }

    /// 8 explanations: with all that blocks a job lifted, it starts; no gate is named that passes.
    #[test]
    fn lifting_all_blockers_starts_the_job(
        seed: u64, rank in 0..4usize, gates: u8, backfill: bool, pick: prop::sample::Index,
    ) {
        let strategy = strategy(rank, gates, backfill, false);
        let trace = crowd(60, seed, false);
        let (mut node, mut now) = halfway(&strategy, &trace);
        while node.admit(now).is_some() {}
        let waiting: Vec<_> =
            trace.iter().map(|job| job.id).filter(|id| node.explain(now, *id).is_some()).collect();
        prop_assume!(!waiting.is_empty());
        let id = waiting[pick.index(waiting.len())];
        for _ in 0..1000 {
            let Some(why) = node.explain(now, id) else { break };
            let Some(blocker) = why.blockers.first() else {
                prop_assert_eq!(node.admit(now).map(|grant| grant.id), Some(id));
                return Ok(());
            };
            match &blocker.lifts {
                Lift::JobsEnd => {
                    prop_assert!(!blocker.holders.is_empty());
                    for holder in &blocker.holders {
                        prop_assert!(node.finish(now, *holder, Outcome::of(End::Completed)));
                    }
                }
                Lift::At(moment) => {
                    prop_assert!(*moment > now.moment);
                    now = Now { moment: *moment, wall: now.wall_at(*moment) };
                }
                Lift::JobStarts(other) => prop_assert!(node.withdraw(now, *other)),
                Lift::Pressure | Lift::Operator => prop_assert!(false, "{blocker:?}"),
            }
        }
        prop_assert!(false, "{id} still waits");
    }

    /// 9 reconfiguring: the same strategy changes nothing; any other keeps who runs and who waits.
    #[test]
    fn a_change_of_strategy_drops_nobody(
        seed: u64, rank in 0..4usize, gates: u8, rank_after in 0..4usize, gates_after: u8,
    ) {
        let before = strategy(rank, gates, true, false);
        let trace = crowd(60, seed, false);
        let (mut node, now) = halfway(&before, &trace);
        let (mut same, _) = halfway(&before, &trace);
        prop_assert!(!same.reconfigure(now, &before).changed);
        let (state, used) = (node.state(now), node.books().used());
        prop_assert_eq!(&same.state(now), &state);

        let after = strategy(rank_after, gates_after, false, false);
        let change = node.reconfigure(now, &after);
        prop_assert_eq!(change.changed, before != after);
        prop_assert_eq!(node.books().used(), used);
        prop_assert_eq!(node.state(now).waiting, state.waiting);
        node.reconfigure(now, &before);
        let order = |node: &mut Stack| {
            let mut starts = Vec::new();
            for _ in 0..1000 {
                starts.extend(std::iter::from_fn(|| node.admit(now)).map(|grant| grant.id));
                let Some(first) = node.books().running().keys().next().copied() else { break };
                node.finish(now, first, Outcome::of(End::NotRun));
            }
            starts
        };
        let (there_and_back, stayed) = (order(&mut node), order(&mut same));
        if gates & 0b1111_0000 == 0 {
            let there_and_back: BTreeSet<_> = there_and_back.into_iter().collect();
            prop_assert_eq!(there_and_back, stayed.into_iter().collect());
        }
    }
}
