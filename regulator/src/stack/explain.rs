//! Why a job waits.

use std::time::Duration;

use super::Stack;
use super::scan::Found;
use crate::waiting::{Held, Queue};
use crate::{AskId, Blocker, Estimate, Explanation, Lift, Mode, Never, Place, Want};

impl Stack {
    pub(super) fn why(&self, id: AskId) -> Option<Explanation> {
        if let Some((held, never)) = self.set_aside.get(&id) {
            return Some(self.explanation(held, vec![strategy_in_the_way(never)], None));
        }
        let held = self.waiting.get(id)?;
        let blockers = self.blockers(held);
        let estimate = self.estimate(held, &blockers);
        Some(self.explanation(held, blockers, estimate))
    }

    fn explanation(
        &self,
        held: &Held,
        blockers: Vec<Blocker>,
        estimate: Option<Estimate>,
    ) -> Explanation {
        Explanation {
            id: held.ask.id,
            waited_s: self.books.now().moment.since(held.since).as_secs_f64(),
            blockers,
            place: self.place(held),
            demand: self.want(&held.ask).demand,
            estimate,
        }
    }

    fn blockers(&self, held: &Held) -> Vec<Blocker> {
        let want = self.want(&held.ask);
        let mut all: Vec<_> = self.mode_in_the_way().into_iter().collect();
        all.extend(self.gates.iter().flat_map(|gate| gate.blockers(&want, &self.books)));
        if all.is_empty() {
            all.extend(self.order_in_the_way(&want));
        }
        all
    }

    fn mode_in_the_way(&self) -> Option<Blocker> {
        let text = match self.mode {
            Mode::Open => return None,
            Mode::Paused => "waits for an operator to resume; the node is paused",
            Mode::Draining => "waits for an operator to resume; the node is being drained",
        };
        Some(own("mode", text.to_owned(), Lift::Operator))
    }

    /// Who goes first, where every gate would admit this job.
    fn order_in_the_way(&self, want: &Want<'_>) -> Option<Blocker> {
        let (first, text) = match self.search() {
            Found::Next(next) if next.ask.id == want.ask.id => return None,
            Found::Next(next) => {
                let first = next.ask.id;
                (first, format!("waits for its turn; job {first} goes first"))
            }
            Found::Nobody(head) => {
                let first = head?;
                let why = "which has no room yet and may not be delayed";
                (first, format!("waits behind job {first}, {why}"))
            }
        };
        let mut blocker = own("order", text, Lift::JobStarts(first));
        blocker.holders = vec![first];
        Some(blocker)
    }

    fn place(&self, held: &Held) -> Place {
        let queue = self.waiting.queue(&held.queue);
        Place {
            queue: held.queue.to_string(),
            position: 1 + queue.map_or(0, |queue| queue.before(held.spot) as u64),
            queue_length: queue.map_or(0, Queue::len) as u64,
            waiting: self.waiting.len() as u64,
            order: self.rank.describe(&held.ask, &self.books),
        }
    }

    /// Not before every blocker's own time; likely once those ahead have had their turn.
    fn estimate(&self, held: &Held, blockers: &[Blocker]) -> Option<Estimate> {
        let now = self.books.now();
        let known: Option<Vec<_>> = blockers
            .iter()
            .filter(|blocker| blocker.gate != "order")
            .map(|blocker| blocker.expected)
            .collect();
        let earliest = known?.into_iter().max().unwrap_or(now.moment).max(now.moment);
        let likely = earliest.plus(self.turn(held)?);
        Some(Estimate { earliest: now.wall_at(earliest), likely: now.wall_at(likely) })
    }

    /// How long those ahead keep the node, if they run as long as the first of them are expected to
    /// and as many run at once as do now.
    fn turn(&self, held: &Held) -> Option<Duration> {
        let queue = self.waiting.queue(&held.queue)?;
        let ahead = u32::try_from(queue.before(held.spot)).unwrap_or(u32::MAX);
        let mut cursor = queue.cursor();
        let first = std::iter::from_fn(|| cursor.next()).take(SAMPLE.min(ahead) as usize);
        let first: Option<Vec<_>> = first.map(|other| self.want(&other.held.ask).runtime).collect();
        let first = first?;
        let sum = first.iter().fold(Duration::ZERO, |sum, length| sum.saturating_add(*length));
        let mean = sum / (first.len() as u32).max(1);
        let queues = self.waiting.in_order().count() as u32;
        let at_once = self.books.running().len().max(1) as u32;
        Some(mean.saturating_mul(ahead).saturating_mul(queues) / at_once)
    }
}

/// How many of those ahead an estimate looks at.
const SAMPLE: u32 = 100;

fn own(gate: &str, text: String, lifts: Lift) -> Blocker {
    Blocker {
        gate: gate.to_owned(),
        code: gate.to_owned(),
        text,
        holders: Vec::new(),
        lifts,
        expected: None,
    }
}

fn strategy_in_the_way(never: &Never) -> Blocker {
    let text = format!("{}, since the strategy was changed", never.text);
    own("strategy", text, Lift::Operator)
}
