//! Time, the network, and what goes wrong.

use std::{collections::BTreeMap, time::Duration};

use crate::dice::Dice;

use super::{
    node::{Alarm, Node, Word},
    web::{Say, Web},
};

/// How many jobs and nodes there are.
pub(super) const JOBS: usize = 6;
pub(super) const NODES: usize = 2;
/// How long a lease is, in milliseconds.
pub(super) const LEASE: u64 = 2000;
/// How long things go wrong.
const FAULTS_UNTIL: u64 = 20_000;
/// By then everything is settled.
const END: u64 = FAULTS_UNTIL + 60_000;

/// A rule that somebody forgot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slip {
    /// A node goes by its lease for longer than it is.
    TrustsTooLong,
    /// A node publishes without asking for its lease.
    DoesNotAsk,
    /// The web service lets leases lapse although the clock jumped.
    NoGrace,
    /// The web service listens to attempts that are over.
    NoFence,
    /// A node does not compare what it has with what it is said to have.
    NoReplay,
}

impl Slip {
    pub(super) const ALL: [Self; 5] =
        [Self::TrustsTooLong, Self::DoesNotAsk, Self::NoGrace, Self::NoFence, Self::NoReplay];
}

/// What came about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// How often a lease lapsed.
    pub(super) lapses: u32,
    /// How often a patch was refused.
    pub(super) refused: u32,
    /// How many jobs a node took up again, or found that it had lost.
    pub(super) replayed: u32,
    /// How often a digest that was done had to wait for the lease.
    pub(super) waited_for_lease: u32,
    /// The moment and the kind of everything that happened, in a number.
    pub(super) trace: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Event {
    ToWeb(Say),
    ToNode { node: usize, boot: u64, word: Word },
    Alarm { node: usize, boot: u64, alarm: Alarm },
    Start(usize),
    StartWeb,
    Look,
    Forward,
    Cancel(usize),
    Fault,
}

/// What parts of the world may ask of it.
pub(super) struct Nature {
    pub(super) now: u64,
    pub(super) dice: Dice,
    pub(super) slip: Option<Slip>,
    pub(super) told: Told,
    /// Until when the network is at its worst.
    storm_until: u64,
    /// What is to come: when, in which order of equals, and what.
    agenda: BTreeMap<(u64, u64), Event>,
    count: u64,
}

impl Nature {
    pub(super) fn at(&mut self, time: u64, event: Event) {
        self.count += 1;
        self.agenda.insert((time, self.count), event);
    }

    pub(super) fn after(&mut self, delay: u64, event: Event) {
        self.at(self.now + delay, event);
    }

    /// Sends something: it comes soon, or late, or twice, or never.
    pub(super) fn send(&mut self, event: Event) {
        let storm = self.now < self.storm_until;
        if storm && self.dice.chance(300) {
            return;
        }
        let longest = if storm && self.dice.chance(300) { 4000 } else { 20 };
        let delay = self.dice.between(1, longest);
        if storm && self.dice.chance(200) {
            let again = self.dice.between(1, 3000);
            self.after(again, event.clone());
        }
        self.after(delay, event);
    }

    pub(super) fn slips(&self, slip: Slip) -> bool {
        self.slip == Some(slip)
    }

    fn next(&mut self) -> Option<Event> {
        let ((time, number), event) = self.agenda.pop_first()?;
        self.now = time;
        self.told.trace = Dice::new(self.told.trace ^ time ^ (number << 32)).next();
        Some(event)
    }
}

/// Everything.
pub(super) struct World {
    nature: Nature,
    web: Web,
    nodes: Vec<Node>,
}

impl World {
    pub(super) fn new(seed: u64, slip: Option<Slip>) -> Self {
        let mut nature = Nature {
            now: 0,
            dice: Dice::new(seed),
            slip,
            told: Told::default(),
            storm_until: 0,
            agenda: BTreeMap::new(),
            count: 0,
        };
        for event in [Event::StartWeb, Event::Start(0), Event::Start(1), Event::Fault] {
            nature.at(0, event);
        }
        for event in [Event::Look, Event::Forward] {
            nature.at(1, event);
        }
        let (job, time) = (nature.dice.below(JOBS as u64), nature.dice.below(FAULTS_UNTIL));
        nature.at(time, Event::Cancel(usize::try_from(job).expect("it fits")));
        let nodes = (0..NODES).map(Node::new).collect();
        Self { nature, web: Web::new(), nodes }
    }

    /// Lets everything happen; says what must not have.
    pub(super) fn run(&mut self) -> Result<(), String> {
        while self.nature.now < END {
            let Some(event) = self.nature.next() else { break };
            self.happen(event).map_err(|wrong| format!("at {} ms: {wrong}", self.nature.now))?;
        }
        self.web.is_well()
    }

    pub(super) fn told(&self) -> Told {
        self.nature.told.clone()
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        let nature = &mut self.nature;
        match event {
            Event::Fault => self.fault(),
            Event::Start(node) => self.nodes[node].start(nature),
            Event::StartWeb => self.web.start(nature),
            Event::Cancel(job) => self.web.cancel(job),
            Event::ToWeb(_) | Event::Look | Event::Forward
                if nature.now < self.web.stopped_until =>
            {
                nature.at(self.web.stopped_until, event);
            }
            Event::ToWeb(say) => self.web.hear(nature, say),
            Event::Look => self.web.look(nature),
            Event::Forward => self.web.forward(nature),
            Event::ToNode { node, boot, .. } | Event::Alarm { node, boot, .. }
                if self.nodes[node].boot != boot => {}
            Event::ToNode { node, .. } | Event::Alarm { node, .. }
                if nature.now < self.nodes[node].stopped_until =>
            {
                nature.at(self.nodes[node].stopped_until, event);
            }
            Event::ToNode { node, word, .. } => self.nodes[node].hear(nature, word),
            Event::Alarm { node, alarm, .. } => {
                return self.nodes[node].wake(nature, &self.web, alarm);
            }
        }
        Ok(())
    }

    /// Breaks something, unless it is enough.
    fn fault(&mut self) {
        let nature = &mut self.nature;
        if nature.now >= FAULTS_UNTIL {
            return;
        }
        let node = usize::try_from(nature.dice.below(NODES as u64)).expect("it fits");
        let long = nature.dice.between(10, 3 * LEASE);
        match nature.dice.below(6) {
            0 => {
                self.nodes[node].kill();
                nature.after(long, Event::Start(node));
            }
            1 => self.nodes[node].stopped_until = nature.now + long,
            2 => self.web.kill(nature, long),
            3 => self.web.stopped_until = nature.now + long,
            4 => {
                let hours = nature.dice.between(1, 7200);
                self.web.skew += i64::try_from(hours).expect("it fits") * 1000 - 3_600_000;
            }
            _ => nature.storm_until = nature.now + long,
        }
        let pause = nature.dice.between(50, 3000);
        nature.after(pause, Event::Fault);
    }
}

/// A moment of the clock that nobody sets.
pub(super) const fn moment(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
