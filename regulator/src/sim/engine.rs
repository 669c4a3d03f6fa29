use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::TraceJob;
use crate::{AskId, End, Grant, Moment, Now, Outcome, Refusal, Regulator, Signal};

/// What the jobs of a trace run on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plant {
    /// Cores that running jobs share. If they ask for more together, all of them slow down by the
    /// same factor. `None`: each runs as long as its trace says.
    pub cores: Option<f64>,
    /// The wall clock at the trace's zero, which matters to windows.
    pub begins: Timestamp,
}

impl Default for Plant {
    fn default() -> Self {
        Self { cores: None, begins: Timestamp::UNIX_EPOCH }
    }
}

impl Plant {
    /// Both clocks at the trace's zero.
    pub fn dawn(&self) -> Now {
        self.at(Moment::ZERO)
    }

    fn at(&self, moment: Moment) -> Now {
        let ahead = SignedDuration::from_micros(moment.as_micros());
        Now { moment, wall: self.begins.saturating_add(ahead).unwrap_or(Timestamp::MAX) }
    }
}

/// What happened to a job of the trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// When it started, the last time if it started more than once.
    pub started: Option<Moment>,
    /// When it ended.
    pub ended: Option<Moment>,
    /// How often it ran out of memory.
    pub out_of_memory: u32,
}

/// What came of a trace under one regulator.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// One for each job of the trace, in its order.
    pub records: Vec<Record>,
    /// The jobs that were refused at submission, by index, and why.
    pub refused: Vec<(usize, String)>,
    /// How many things happened: submissions, starts and ends.
    pub events: u64,
    /// When the last of them did.
    pub end: Moment,
    /// The budgets at the end, by name, for utilisation.
    pub capacity: HashMap<String, u64>,
}

/// One thing that happened, as it is told to who watches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// A job was taken in, or refused.
    Submitted(&'a TraceJob, bool),
    /// A job started.
    Started(&'a TraceJob, &'a Grant),
    /// A job ended.
    Ended(&'a TraceJob, End),
    /// Nothing more can start at this moment.
    Settled,
}

/// Runs a trace to its end.
pub fn simulate(regulator: &mut dyn Regulator, trace: &[TraceJob], plant: &Plant) -> Run {
    watch(regulator, trace, plant, |_, _, _| ())
}

/// Runs a trace to its end, telling of everything that happens.
pub fn watch(
    regulator: &mut dyn Regulator,
    trace: &[TraceJob],
    plant: &Plant,
    tell: impl FnMut(Now, Event<'_>, &mut dyn Regulator),
) -> Run {
    let mut engine = Engine::new(regulator, trace, plant, tell);
    while let Some(at) = engine.next() {
        engine.step(at);
    }
    engine.into_run()
}

/// How often a job may run out of memory before it is given up.
const TRIES: u32 = 10;

struct Engine<'a, F> {
    node: &'a mut dyn Regulator,
    trace: &'a [TraceJob],
    plant: &'a Plant,
    tell: F,
    index: HashMap<AskId, usize>,
    run: Run,
    now: Moment,
    /// How many jobs of the trace were submitted.
    arrived: usize,
    /// Seconds that a job would have run by now if it had never been slowed, in microseconds.
    worked: i64,
    /// Running jobs by the value of `worked` at which they end.
    ends: BinaryHeap<Reverse<(i64, usize, End)>>,
    /// Thousandths of cores that running jobs ask for together.
    asked: u64,
    wake: Option<Moment>,
}

impl<'a, F: FnMut(Now, Event<'_>, &mut dyn Regulator)> Engine<'a, F> {
    fn new(node: &'a mut dyn Regulator, trace: &'a [TraceJob], plant: &'a Plant, tell: F) -> Self {
        let index = trace.iter().enumerate().map(|(index, job)| (job.id, index)).collect();
        let records = vec![Record::default(); trace.len()];
        let now = trace.first().map_or(Moment::ZERO, |job| job.submitted.min(Moment::ZERO));
        Self {
            node,
            trace,
            plant,
            tell,
            index,
            run: Run { records, ..Run::default() },
            now,
            arrived: 0,
            worked: 0,
            ends: BinaryHeap::new(),
            asked: 0,
            wake: None,
        }
    }

    /// By how much running jobs are slowed: 1 is not at all.
    fn speed(&self) -> f64 {
        match self.plant.cores {
            Some(cores) if self.asked as f64 > 1000.0 * cores => 1000.0 * cores / self.asked as f64,
            _ => 1.0,
        }
    }

    /// When the next thing happens.
    fn next(&self) -> Option<Moment> {
        let arrival = self.trace.get(self.arrived).map(|job| job.submitted);
        let end = self.ends.peek().map(|Reverse((worked, _, _))| {
            let left = (worked - self.worked) as f64 / self.speed();
            Moment::from_micros(self.now.as_micros() + left.ceil() as i64)
        });
        [arrival, end, self.wake].into_iter().flatten().min()
    }

    fn step(&mut self, at: Moment) {
        let at = at.max(self.now);
        self.work(at);
        self.end_what_is_done();
        self.submit_what_has_come();
        self.start_what_may();
        self.wake = self.node.wake(self.plant.at(at)).filter(|wake| *wake > at);
        let now = self.plant.at(at);
        (self.tell)(now, Event::Settled, self.node);
    }

    /// Lets the running jobs work until `at`, and signals the core-seconds that they did.
    fn work(&mut self, at: Moment) {
        let passed = at.since(self.now).as_micros() as f64;
        let worked = (passed * self.speed()).round();
        self.worked += worked as i64;
        self.now = at;
        let done = Signal::Work(self.asked as f64 / 1000.0 * worked / 1e6);
        self.node.observe(self.plant.at(at), done);
    }

    fn end_what_is_done(&mut self) {
        let now = self.plant.at(self.now);
        while let Some(Reverse((worked, index, end))) = self.ends.peek().copied() {
            if worked > self.worked {
                break;
            }
            self.ends.pop();
            let job = &self.trace[index];
            self.asked -= job.demand.cpu_milli;
            let peak_memory = job.peak_memory.or(Some(job.demand.memory));
            self.node.finish(now, job.id, Outcome { peak_memory, ..Outcome::of(end) });
            self.run.events += 1;
            (self.tell)(now, Event::Ended(job, end), self.node);
            if end == End::OutOfMemory {
                self.try_again(index);
            } else {
                self.run.records[index].ended = Some(self.now);
                self.run.end = self.now;
            }
        }
    }

    fn try_again(&mut self, index: usize) {
        let record = &mut self.run.records[index];
        record.out_of_memory += 1;
        if record.out_of_memory < TRIES {
            self.submit(index);
        }
    }

    fn submit_what_has_come(&mut self) {
        while self.trace.get(self.arrived).is_some_and(|job| job.submitted <= self.now) {
            self.submit(self.arrived);
            self.arrived += 1;
        }
    }

    fn submit(&mut self, index: usize) {
        let (job, now) = (&self.trace[index], self.plant.at(self.now));
        let taken = self.node.submit(now, job.ask(self.plant.begins));
        if let Err(refusal) = &taken {
            let why = match refusal {
                Refusal::Never(never) => never.to_string(),
                Refusal::Draining => refusal.to_string(),
            };
            self.run.refused.push((index, why));
        }
        self.run.events += 1;
        (self.tell)(now, Event::Submitted(job, taken.is_ok()), self.node);
    }

    fn start_what_may(&mut self) {
        let now = self.plant.at(self.now);
        while let Some(grant) = self.node.admit(now) {
            let Some(index) = self.index.get(&grant.id).copied() else { continue };
            let job = &self.trace[index];
            let short = job.peak_memory.is_some_and(|peak| peak > grant.demand.memory);
            let (end, runtime) = match short {
                true => (End::OutOfMemory, job.runtime / 2),
                false => (End::Completed, job.runtime),
            };
            let done = self.worked + runtime.as_micros() as i64;
            self.ends.push(Reverse((done, index, end)));
            self.asked += job.demand.cpu_milli;
            self.run.records[index].started = Some(self.now);
            self.run.events += 1;
            (self.tell)(now, Event::Started(job, &grant), self.node);
        }
    }

    fn into_run(mut self) -> Run {
        let gates = self.node.state(self.plant.at(self.now)).gates;
        let budgets = gates.into_iter().flat_map(|gate| gate.budgets);
        self.run.capacity = budgets.map(|budget| (budget.name, budget.capacity)).collect();
        self.run
    }
}
