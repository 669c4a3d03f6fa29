//! The stock regulator: one rank, any gates, and backfill.

mod backfill;
mod explain;
mod scan;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use self::scan::Found;
use crate::gates::alone::Alone;
use crate::learned::Experience;
use crate::waiting::{Class, Held, Waiting};
use crate::{
    Ask, AskId, Backfill, Books, Change, Demand, Explanation, Facet, Gate, Grant, Mode, Moment,
    Never, Now, Outcome, QueueState, Rank, Reach, Refusal, Regulator, Running, Signal, State,
    Strategy, Want,
};

/// One rank, any gates, and backfill.
///
/// A job starts when every gate admits it and no job before it in the rank's order has a claim on
/// what it needs. A refusal that speaks for the node ends the search; one that speaks for a kind,
/// a tenant or a key passes over those alone; one that speaks for a single job stops the line,
/// unless backfill lets others past without delaying it.
pub struct Stack {
    strategy: Strategy,
    rank: Box<dyn Rank>,
    gates: Vec<Box<dyn Gate>>,
    backfill: Option<Backfill>,
    waiting: Waiting,
    set_aside: BTreeMap<AskId, (Arc<Held>, Never)>,
    books: Books,
    /// What the gates give out at most, for demands that are learned.
    capacity: Demand,
    experience: Experience,
    mode: Mode,
    sequence: u64,
}

/// The longest age a job may bring along, so that a wrong clock cannot make it the oldest for ever.
const OLDEST: Duration = Duration::from_secs(30 * 86_400);

impl Stack {
    /// A stack with nothing waiting and nothing running.
    pub fn new(strategy: &Strategy, now: Now) -> Self {
        let rank = strategy.rank();
        Self::of(strategy, rank, strategy.gates(), now)
    }

    /// A stack with a rank and gates of your own; [`Regulator::reconfigure`] replaces them by those
    /// of a strategy.
    pub fn of(
        strategy: &Strategy,
        rank: Box<dyn Rank>,
        gates: Vec<Box<dyn Gate>>,
        now: Now,
    ) -> Self {
        let mut stack = Self {
            strategy: strategy.clone(),
            rank,
            gates: widest_first(gates),
            backfill: strategy.backfill,
            capacity: Demand::UNBOUNDED,
            experience: Experience::default(),
            waiting: Waiting::default(),
            set_aside: BTreeMap::new(),
            books: Books::new(now),
            mode: Mode::Open,
            sequence: 0,
        };
        stack.capacity = stack.room().demand;
        stack
    }

    /// What runs and what it holds.
    pub fn books(&self) -> &Books {
        &self.books
    }

    fn want<'a>(&self, ask: &'a Ask) -> Want<'a> {
        match &self.strategy.learned {
            Some(learned) => self.experience.want(learned, ask, &self.capacity),
            None => Want { ask, demand: ask.demand, runtime: ask.runtime, alone: ask.alone },
        }
    }

    fn never(&self, ask: &Ask) -> Option<Never> {
        let want = self.want(ask);
        self.gates.iter().find_map(|gate| gate.never(&want))
    }

    fn hold(&self, ask: Arc<Ask>, since: Moment, sequence: u64) -> Arc<Held> {
        let sees = |facet| self.gates.iter().any(|gate| gate.reach() == Reach::Same(facet));
        let text = |facet: Facet| Some(facet.of(&ask)?).filter(|_| sees(facet)).map(Arc::from);
        let class = Class { kind: text(Facet::Kind), tenant: text(Facet::Tenant) };
        Arc::new(Held {
            since,
            spot: (self.rank.place(&ask, since), sequence),
            queue: Arc::from(self.rank.queue(&ask)),
            class,
            lane: text(Facet::Key),
            ask,
        })
    }

    fn join(&mut self, held: Arc<Held>) {
        if self.waiting.queue(&held.queue).is_none() {
            self.rank.joined(&held.queue);
        }
        let score = self.rank.score(&held.queue, &self.books);
        self.waiting.insert(held, score);
    }

    fn start(&mut self, held: &Held) -> Grant {
        let Want { demand, runtime, alone, .. } = self.want(&held.ask);
        let at = self.books.now().moment;
        let run = Running { ask: held.ask.clone(), demand, alone, started: at, runtime };
        self.waiting.remove(held.ask.id);
        self.books.book(run.clone());
        self.gates.iter_mut().for_each(|gate| gate.started(&run, &self.books));
        self.rank.started(&held.queue, &run);
        self.settle(&run.ask);
        Grant { id: run.ask.id, demand, alone, at, waited: at.since(held.since) }
    }

    /// Brings the line up to date after a job of this queue and key started or ended.
    fn settle(&mut self, ask: &Ask) {
        let queue = self.rank.queue(ask);
        self.waiting.set_score(queue, self.rank.score(queue, &self.books));
        if let Some(key) = &ask.key {
            self.waiting.set_busy(key, self.refuses_key(ask));
        }
    }

    fn refuses_key(&self, ask: &Ask) -> bool {
        let want = self.want(ask);
        let mut gates = self.gates.iter().filter(|gate| gate.reach() == Reach::Same(Facet::Key));
        gates.any(|gate| !gate.admits(&want, &self.books))
    }

    /// Puts everyone in line again, under the present rank and gates.
    fn line_up(&mut self) {
        let mut all = self.waiting.drain();
        all.extend(std::mem::take(&mut self.set_aside).into_values().map(|(held, _)| held));
        all.sort_by_key(|held| held.spot.1);
        let running: Vec<_> = self.books.running().values().map(|run| run.ask.clone()).collect();
        running.iter().for_each(|ask| self.settle(ask));
        for held in all {
            let held = self.hold(held.ask.clone(), held.since, held.spot.1);
            match self.never(&held.ask) {
                Some(never) => _ = self.set_aside.insert(held.ask.id, (held, never)),
                None => self.join(held),
            }
        }
    }
}

fn widest_first(mut gates: Vec<Box<dyn Gate>>) -> Vec<Box<dyn Gate>> {
    gates.push(Box::new(Alone));
    gates.sort_by_key(|gate| gate.reach());
    gates
}

/// The gates' names, numbered where there are several of one: `keyed`, `keyed 2`.
fn titles(gates: &[Box<dyn Gate>]) -> Vec<String> {
    let name = |at: usize| gates[at].name();
    let number = |at: usize| (0..=at).filter(|before| name(*before) == name(at)).count();
    let title = |at| match number(at) {
        1 => name(at).to_owned(),
        more => format!("{} {more}", name(at)),
    };
    (0..gates.len()).map(title).collect()
}

impl Regulator for Stack {
    fn submit(&mut self, now: Now, ask: Ask) -> Result<(), Refusal> {
        self.books.advance(now);
        let held = self.waiting.get(ask.id).is_some() || self.set_aside.contains_key(&ask.id);
        if held || self.books.running().contains_key(&ask.id) {
            return Ok(());
        }
        if self.mode == Mode::Draining {
            return Err(Refusal::Draining);
        }
        if let Some(never) = self.never(&ask) {
            return Err(Refusal::Never(never));
        }
        let age = now.wall.duration_since(ask.submitted);
        let age = Duration::try_from(age).unwrap_or_default().min(OLDEST);
        let since = self.books.now().moment.minus(age);
        self.sequence += 1;
        let held = self.hold(Arc::new(ask), since, self.sequence);
        self.join(held);
        Ok(())
    }

    fn withdraw(&mut self, now: Now, id: AskId) -> bool {
        self.books.advance(now);
        self.waiting.remove(id).is_some() || self.set_aside.remove(&id).is_some()
    }

    fn admit(&mut self, now: Now) -> Option<Grant> {
        self.books.advance(now);
        match self.search() {
            Found::Next(held) => Some(self.start(&held)),
            Found::Nobody(_) => None,
        }
    }

    fn finish(&mut self, now: Now, id: AskId, outcome: Outcome) -> bool {
        self.books.advance(now);
        let Some(run) = self.books.give_back(id) else { return false };
        let ran = self.books.now().moment.since(run.started);
        self.gates.iter_mut().for_each(|gate| gate.finished(&run, &outcome, &self.books));
        if let Some(learned) = &self.strategy.learned {
            self.experience.note(learned, &run, ran, &outcome);
        }
        let queue = self.rank.queue(&run.ask).to_owned();
        self.rank.finished(&queue, &run, ran);
        self.settle(&run.ask);
        true
    }

    fn observe(&mut self, now: Now, signal: Signal) {
        self.books.advance(now);
        self.gates.iter_mut().for_each(|gate| gate.observe(&signal, &self.books));
    }

    fn wake(&self, now: Now) -> Option<Moment> {
        self.books.advance(now);
        if self.mode != Mode::Open || self.waiting.len() == 0 {
            return None;
        }
        self.gates.iter().filter_map(|gate| gate.wake(&self.books)).min()
    }

    fn explain(&self, now: Now, id: AskId) -> Option<Explanation> {
        self.books.advance(now);
        self.why(id)
    }

    fn reconfigure(&mut self, now: Now, strategy: &Strategy) -> Change {
        self.books.advance(now);
        if *strategy == self.strategy {
            return Change::default();
        }
        let memory = self.remember(now);
        self.strategy = strategy.clone();
        self.rank = strategy.rank();
        self.gates = widest_first(strategy.gates());
        self.backfill = strategy.backfill;
        self.capacity = self.room().demand;
        self.recall(now, &memory);
        self.line_up();
        let set_aside = self.set_aside.iter().map(|(id, (_, never))| (*id, never.clone()));
        Change { changed: true, set_aside: set_aside.collect() }
    }

    fn set_mode(&mut self, now: Now, mode: Mode) {
        self.books.advance(now);
        self.mode = mode;
    }

    fn state(&self, now: Now) -> State {
        self.books.advance(now);
        let queues = self.waiting.in_order().take(State::QUEUES).map(|queue| QueueState {
            name: queue.name.to_string(),
            waiting: queue.len() as u64,
            score: queue.score.0,
        });
        State {
            mode: self.mode,
            strategy: self.strategy.clone(),
            running: self.books.running().len() as u64,
            waiting: self.waiting.len() as u64,
            set_aside: self.set_aside.len() as u64,
            used: self.books.used(),
            queues: queues.collect(),
            gates: self.gates.iter().map(|gate| gate.state(&self.books)).collect(),
        }
    }

    fn remember(&self, now: Now) -> Value {
        self.books.advance(now);
        let gates = titles(&self.gates)
            .into_iter()
            .zip(self.gates.iter().map(|gate| gate.remember(&self.books)));
        let experience = serde_json::to_value(&self.experience).unwrap_or_default();
        let all = gates.chain([
            (self.rank.name().to_owned(), self.rank.remember()),
            ("learned".to_owned(), experience),
        ]);
        Value::Object(all.filter(|(_, memory)| !memory.is_null()).collect::<Map<_, _>>())
    }

    fn recall(&mut self, now: Now, memory: &Value) {
        self.books.advance(now);
        for (title, gate) in titles(&self.gates).iter().zip(&mut self.gates) {
            if let Some(memory) = memory.get(title) {
                gate.recall(memory, &self.books);
            }
        }
        if let Some(memory) = memory.get(self.rank.name()) {
            self.rank.recall(memory);
        }
        if let Some(memory) = memory.get("learned") {
            self.experience = Experience::deserialize(memory).unwrap_or_default();
        }
    }
}
