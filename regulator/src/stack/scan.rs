//! The search for the next job that may start.

use std::sync::Arc;

use super::Stack;
use super::backfill::Reservation;
use crate::waiting::Held;
use crate::{Mode, Reach, Want};

impl Stack {
    /// The first job in rank order that every gate admits and that takes nothing from the head.
    pub(super) fn next(&self) -> Option<Arc<Held>> {
        if self.mode != Mode::Open {
            return None;
        }
        let mut reserved: Option<Reservation<'_>> = None;
        for queue in self.waiting.in_order() {
            let mut cursor = queue.cursor();
            while let Some(held) = cursor.next() {
                let want = self.want(&held.ask);
                match self.refused_by(&want) {
                    None => match &mut reserved {
                        None => return Some(held.clone()),
                        Some(head) if self.may_pass(head, &want) => return Some(held.clone()),
                        Some(head) => head.look_further()?,
                    },
                    Some(Reach::Node) => return None,
                    Some(Reach::Same(facet)) => cursor.skip(facet, &held.class),
                    Some(Reach::Job) => {}
                    Some(Reach::Room) => match &mut reserved {
                        None => reserved = Some(self.reserve(want)?),
                        Some(head) => head.look_further()?,
                    },
                }
            }
        }
        None
    }

    /// The reach of the widest refusal.
    pub(super) fn refused_by(&self, want: &Want<'_>) -> Option<Reach> {
        let refusing = self.gates.iter().find(|gate| !gate.admits(want, &self.books));
        refusing.map(|gate| gate.reach())
    }
}
