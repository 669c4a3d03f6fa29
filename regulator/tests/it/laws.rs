//! The laws every strategy keeps, over random arrivals in the simulator.
//!
//! About so many events in all as [`crate::size::events`] says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use proptest::prelude::*;
use regulator::sim::{Event, Plant, Random, TraceJob, simulate, watch};
use regulator::{
    AskId, Demand, End, Lift, Mode, Moment, Now, Outcome, Pressure, Refusal, Regulator, Signal,
    Stack, Strategy,
};

use crate::size::events;

const CORES: u64 = 8;
const MEMORY: u64 = 1000;

/// How many cases make about the events that are asked for, at so many events a case.
fn cases(share: f64, events_each: usize) -> ProptestConfig {
    let cases = (events() * share / events_each as f64).ceil().max(4.0) as u32;
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// A trace of jobs that crowd the node: demands, keys, tenants and kinds of all sorts.
fn crowd(jobs: usize, seed: u64, exact: bool) -> Vec<TraceJob> {
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

fn strategy(rank: usize, gates: u8, backfill: bool, learned: bool) -> Strategy {
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

fn stack(strategy: &Strategy) -> Stack {
    Stack::new(strategy, Plant::default().dawn())
}

/// The rules as their own books, kept beside the regulator's.
#[derive(Default)]
struct Inspector {
    gates: u8,
    running: BTreeMap<AskId, (TraceJob, Demand)>,
    starts: Vec<(Moment, String)>,
}

impl Inspector {
    fn see(&mut self, now: Now, event: &Event<'_>) {
        match event {
            Event::Started(job, grant) => {
                self.running.insert(job.id, ((*job).clone(), grant.demand));
                self.starts.push((now.moment, job.tenant.clone()));
                self.inspect(now, job);
            }
            Event::Ended(job, _) => assert!(self.running.remove(&job.id).is_some()),
            Event::Submitted(..) | Event::Settled => {}
        }
    }

    fn count(&self, of: impl Fn(&TraceJob) -> bool) -> usize {
        self.running.values().filter(|(job, _)| of(job)).count()
    }

    fn has(&self, gate: usize) -> bool {
        self.gates & (1 << gate) != 0
    }

    fn inspect(&self, now: Now, new: &TraceJob) {
        let demands = self.running.values().map(|(_, demand)| demand);
        let used = demands.fold(Demand::default(), |all, demand| all.plus(demand));
        let budget = Demand { cpu_milli: 8000, memory: 1000, scratch: 400, io: 6 };
        assert!(budget.holds(&used), "{used:?}");
        assert!(!self.has(0) || self.running.len() <= 5);
        assert!(!self.has(1) || new.key.is_none() || self.count(|job| job.key == new.key) == 1);
        assert!(!self.has(2) || self.count(|job| job.tenant == new.tenant) <= 3);
        assert!(!self.has(3) || self.count(|job| job.kind == new.kind) <= 4);
        assert!(!self.has(4) || self.rate(now, 10.0, 4, |_| true));
        assert!(!self.has(5) || self.rate(now, 20.0, 2, |tenant| tenant == new.tenant));
        let minute = now.wall.as_second() / 60 % (24 * 60);
        assert!(!self.has(6) || new.kind != "matrix" || !(3..6).contains(&minute));
        assert!(!self.has(7) || new.kind != "task" || !(5..7).contains(&minute));
    }

    /// In every stretch that ends now: starts ≤ burst + length / step.
    fn rate(&self, now: Now, step: f64, burst: usize, of: impl Fn(&str) -> bool) -> bool {
        let starts = self.starts.iter().rev().filter(|(_, tenant)| of(tenant)).take(50);
        starts.enumerate().all(|(before, (at, _))| {
            let length = now.moment.since(*at).as_secs_f64();
            (before + 1) as f64 <= burst as f64 + length / step + 1e-6
        })
    }
}

/// Runs a crowd and answers the order of starts, with an inspector beside it.
fn inspected(strategy: &Strategy, gates: u8, trace: &[TraceJob]) -> Vec<(AskId, Moment)> {
    let mut inspector = Inspector { gates, ..Inspector::default() };
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
