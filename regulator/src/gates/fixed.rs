use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::gate::jobs;
use crate::{Blocker, Books, Budget, Gate, GateState, Lift, Reach, Room, Want};

/// So many jobs at once, whatever they are: start if `running < at_once`.
///
/// Source: the worker pool of every job queue; the baseline for all other strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    /// How many.
    pub at_once: NonZeroU32,
}

impl Fixed {
    fn capacity(&self) -> u64 {
        u64::from(self.at_once.get())
    }
}

impl Gate for Fixed {
    fn name(&self) -> &'static str {
        "fixed"
    }

    fn reach(&self) -> Reach {
        Reach::Node
    }

    fn admits(&self, _want: &Want<'_>, books: &Books) -> bool {
        (books.running().len() as u64) < self.capacity()
    }

    fn blockers(&self, want: &Want<'_>, books: &Books) -> Vec<Blocker> {
        if self.admits(want, books) {
            return Vec::new();
        }
        vec![slots_taken(self.name(), self.capacity(), want, books)]
    }

    fn room(&self, _books: &Books) -> Room {
        Room { jobs: self.capacity(), ..Room::UNBOUNDED }
    }

    fn state(&self, books: &Books) -> GateState {
        slots_state(self.name(), self.capacity(), books)
    }
}

/// The words for a node whose slots are all taken.
pub(crate) fn slots_taken(gate: &str, slots: u64, want: &Want<'_>, books: &Books) -> Blocker {
    let running = books.running().len();
    let holders = books.holders(|_| 0, |_| true);
    let unbounded = Want { demand: crate::Demand::default(), alone: false, ..*want };
    let fit = books.fits_at(&Room { jobs: slots, ..Room::UNBOUNDED }, &unbounded);
    Blocker {
        gate: gate.to_owned(),
        code: "slots".to_owned(),
        text: format!("waits for a slot; {running} of {slots} taken by {}", jobs(&holders)),
        holders,
        lifts: Lift::JobsEnd,
        expected: fit.map(|fit| fit.at),
    }
}

/// How a gate that counts slots stands.
pub(crate) fn slots_state(name: &'static str, slots: u64, books: &Books) -> GateState {
    let used = books.running().len() as u64;
    GateState {
        name,
        text: format!("{used} of {slots} slots taken"),
        budgets: vec![Budget { name: "slots".to_owned(), used, capacity: slots }],
    }
}
