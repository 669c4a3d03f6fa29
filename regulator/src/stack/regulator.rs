//! What a stack does when it is told something.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::scan::Found;
use super::{Stack, widest_first};
use crate::{
    Ask, AskId, Change, Explanation, Grant, Mode, Moment, Now, Outcome, QueueState, Refusal,
    Regulator, Signal, State, Strategy,
};

/// The longest age a job may bring along, so that a wrong clock cannot make it the oldest for ever.
const OLDEST: Duration = Duration::from_secs(30 * 86_400);

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
        let memory = self.memory();
        self.strategy = strategy.clone();
        self.rank = strategy.rank();
        self.gates = widest_first(strategy.gates());
        self.backfill = strategy.backfill;
        self.capacity = self.room().demand;
        self.take_up(&memory);
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
        self.memory()
    }

    fn recall(&mut self, now: Now, memory: &Value) {
        self.books.advance(now);
        self.take_up(memory);
    }
}
