//! Who may pass a job that has no room yet.
//!
//! EASY backfill: the head of the line, refused for its own size, gets a reservation. Its time is
//! the first at which it has room if every running job ends as expected and nothing else starts.
//! Another job may start before it if it takes from no other gate what the head needs there (its
//! key, its tenant's slots, its tokens: the head must not be refused for these, or it would lose its
//! reservation) and, as expected,
//!
//! - it ends by that time, or
//! - it fits into what the head leaves free at that time.
//!
//! So if no job outruns its expectation, the head starts by the time first reserved for it: nobody
//! who passes it moves that time, as everything they hold by then is given back or spare. With
//! exact expectations that is the time at which it would start if nobody passed it. A job whose
//! length nobody can guess passes only under the second rule; if the time itself cannot be told,
//! nobody passes.
//!
//! Source: Lifka, "The ANL/IBM SP scheduling system", 1995; Mu'alem and Feitelson, IEEE TPDS 12(6),
//! 2001. The depth bounds the cost of a search; beyond 20 it hardly shortens anybody's wait.

use super::Stack;
use crate::demand::Room;
use crate::{Books, Moment, Want};

/// The head's claim: from when it has room, and what it leaves free then.
pub(super) struct Reservation<'a> {
    want: Want<'a>,
    at: Moment,
    spare: Room,
    left: u32,
}

impl Reservation<'_> {
    /// One job fewer to look at; `None` when the depth is used up.
    pub(super) fn look_further(&mut self) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        Some(())
    }

    /// Whether a job is gone by the time that the head has room, or leaves it that room.
    pub(super) fn spares(&self, want: &Want<'_>, books: &Books) -> bool {
        want.ends_by(self.at, books) || !want.alone && self.spare.holds(&want.demand)
    }
}

impl Stack {
    /// The reservation of a job without room, if backfill is on and its time can be told.
    pub(super) fn reserve<'a>(&self, want: Want<'a>) -> Option<Reservation<'a>> {
        let depth = self.backfill?.depth;
        let fit = self.books.fits_at(&self.room(), &want)?;
        Some(Reservation { want, at: fit.at, spare: fit.spare, left: depth.get() - 1 })
    }

    /// Whether a job that every gate admits may start before the head.
    pub(super) fn may_pass(&self, head: &Reservation<'_>, want: &Want<'_>) -> bool {
        let mut gates = self.gates.iter();
        head.spares(want, &self.books)
            && gates.all(|gate| gate.leaves_room(&head.want, want, &self.books))
    }

    /// The budget of all gates together.
    pub(super) fn room(&self) -> Room {
        let rooms = self.gates.iter().map(|gate| gate.room(&self.books));
        rooms.fold(Room::UNBOUNDED, |all, room| all.least(&room))
    }
}
