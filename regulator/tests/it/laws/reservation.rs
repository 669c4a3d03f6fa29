//! What backfill promises to the head of the line.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use regulator::sim::{Plant, TraceJob};
use regulator::{AskId, Demand, End, Moment, Now, Outcome, Refusal, Regulator, Stack};

use super::cases;
use super::crowd::{crowd, stack, strategy};

/// The first reservation of each job that stood at the head, by the books alone.
fn reservation(node: &Stack, job: &TraceJob, now: Now) -> Option<Moment> {
    let mut ends: Vec<_> = node.books().running().values().collect();
    ends.sort_by_key(|run| run.expected_end());
    let budget = Demand { cpu_milli: 8000, memory: 1000, scratch: 400, io: 6 };
    let (mut used, mut jobs, mut at) = (node.books().used(), ends.len(), now.moment);
    for run in ends {
        if jobs < 5 && budget.holds(&used.plus(&job.demand)) {
            break;
        }
        (used, jobs) = (used.minus(&run.demand), jobs - 1);
        at = run.expected_end()?.max(now.moment);
    }
    Some(at)
}

proptest! {
    #![proptest_config(cases(0.2, 900))]

    /// 5 backfill: the head starts by the time first reserved for it, if no job outruns its
    /// expectation; the head is who came first, so its time can be reckoned beside the stack.
    #[test]
    fn nobody_who_passes_the_head_delays_it(seed: u64, exact: bool, keyed: bool) {
        let gates = 0b1 | u8::from(keyed) << 1;
        let strategy = strategy(0, gates, true, false);
        let trace = crowd(300, seed, exact);
        let mut node = stack(&strategy);
        let mut promised: HashMap<AskId, Moment> = HashMap::new();
        let (mut passed, mut promises) = (0, 0);
        let mut wait: BTreeMap<(Moment, AskId), &TraceJob> = BTreeMap::new();
        let by_id: HashMap<_, _> = trace.iter().map(|job| (job.id, job)).collect();
        let plant = Plant::default();
        let mut ends: BTreeMap<(Moment, AskId), ()> = BTreeMap::new();
        let mut next = trace.iter().peekable();
        loop {
            let times = [next.peek().map(|job| job.submitted), ends.keys().next().map(|end| end.0)];
            let Some(at) = times.into_iter().flatten().min() else { break };
            let now = Now { moment: at, wall: by_id[&AskId(1)].ask(plant.begins).submitted };
            while ends.keys().next().is_some_and(|end| end.0 <= at) {
                let Some(((_, id), ())) = ends.pop_first() else { break };
                node.finish(now, id, Outcome::of(End::Completed));
            }
            while let Some(job) = next.next_if(|job| job.submitted <= at) {
                let mut ask = job.ask(plant.begins);
                ask.submitted = now.wall;
                match node.submit(now, ask) {
                    Ok(()) => _ = wait.insert((job.submitted, job.id), job),
                    Err(refusal) => prop_assert!(matches!(refusal, Refusal::Never(_))),
                }
            }
            while let Some(grant) = node.admit(now) {
                let job = by_id[&grant.id];
                if let Some(due) = promised.get(&grant.id) {
                    prop_assert!(at <= *due, "{} due at {due:?}, started at {at:?}", grant.id);
                }
                let first = wait.values().next().map(|first| first.id);
                passed += u32::from(first != Some(grant.id));
                wait.remove(&(job.submitted, job.id));
                ends.insert((at.plus(job.runtime), job.id), ());
            }
            // Whoever is first in line and waits for room and nothing else is promised a time.
            let Some(head) = wait.values().next() else { continue };
            let why = node.explain(now, head.id).unwrap();
            if why.blockers.iter().all(|blocker| blocker.gate == "resources") {
                let due = reservation(&node, head, now).unwrap();
                promised.entry(head.id).or_insert(due);
                promises += 1;
            }
        }
        prop_assert!(wait.is_empty());
        prop_assert!(passed > 0 && promises > 0, "somebody passes somebody");
    }
}
