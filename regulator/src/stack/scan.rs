//! The search for the next job that may start.

use std::sync::Arc;

use super::Stack;
use super::backfill::Reservation;
use crate::waiting::{Entry, Held};
use crate::{AskId, Facet, Mode, Reach, Want};

/// What a search came to.
pub(super) enum Found {
    /// This one starts next.
    Next(Arc<Held>),
    /// Nobody starts; if a job without room holds the line, this is it.
    Nobody(Option<AskId>),
}

const KEY: Reach = Reach::Same(Facet::Key);

impl Stack {
    /// The first job in rank order that every gate admits and that takes nothing from the head.
    pub(super) fn search(&self) -> Found {
        let mut head = None;
        let next = if self.mode == Mode::Open { self.scan(&mut head) } else { None };
        next.map_or(Found::Nobody(head), Found::Next)
    }

    fn scan(&self, first: &mut Option<AskId>) -> Option<Arc<Held>> {
        let mut reserved: Option<Reservation<'_>> = None;
        let singly = self.refuses_singly();
        for queue in self.waiting.in_order() {
            let mut cursor = queue.cursor();
            while let Some(Entry { held, leads }) = cursor.next() {
                let want = self.want(&held.ask);
                let refusal = match &reserved {
                    // Most of those behind a head fail for this, which is quickly told.
                    Some(head) if singly && !head.spares(&want, &self.books) => Some(Reach::Job),
                    _ => self.refused_by(&want),
                };
                match (refusal, &mut reserved) {
                    (None, None) => return Some(held.clone()),
                    (None, Some(head)) if self.may_pass(head, &want) => return Some(held.clone()),
                    (Some(Reach::Node), _) => return None,
                    (Some(Reach::Same(facet)), _) => {
                        cursor.skip(facet, &held.class);
                        continue;
                    }
                    (Some(Reach::Room), None) => {
                        *first = Some(held.ask.id);
                        reserved = Some(self.reserve(want)?);
                    }
                    (Some(Reach::Job), None) => {}
                    (_, Some(head)) => head.look_further()?,
                }
                if *leads && let Some(behind) = self.waiting.behind(held) {
                    cursor.look_into(&held.class, behind);
                }
            }
        }
        None
    }

    /// Whether every refusal speaks for a single job, or for a key.
    fn refuses_singly(&self) -> bool {
        let mut reaches = self.gates.iter().map(|gate| gate.reach());
        reaches.all(|reach| matches!(reach, Reach::Room | Reach::Job | KEY))
    }

    /// The reach of the widest refusal.
    ///
    /// Who stands in the line has a free key, so gates that look at nothing else have no say here.
    fn refused_by(&self, want: &Want<'_>) -> Option<Reach> {
        let mut asked = self.gates.iter().filter(|gate| gate.reach() != KEY);
        asked.find(|gate| !gate.admits(want, &self.books)).map(|gate| gate.reach())
    }
}
