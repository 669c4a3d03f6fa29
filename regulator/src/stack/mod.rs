//! The stock regulator: one rank, any gates, and backfill.

mod backfill;
mod explain;
mod memory;
mod regulator;
mod scan;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::gates::alone::Alone;
use crate::learned::Experience;
use crate::waiting::{Class, Held, Waiting};
use crate::{
    Ask, AskId, Backfill, Books, Demand, Facet, Gate, Grant, Mode, Moment, Never, Now, Rank, Reach,
    Running, Strategy, Want,
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

impl Stack {
    /// A stack with nothing waiting and nothing running.
    pub fn new(strategy: &Strategy, now: Now) -> Self {
        let rank = strategy.rank();
        Self::of(strategy, rank, strategy.gates(), now)
    }

    /// A stack with a rank and gates of your own; [`reconfigure`](crate::Regulator::reconfigure) replaces them by those
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
