//! Everything that waits, in rank order.
//!
//! ```text
//! by score: BTreeSet<(score, queue)>
//!   queue "maize"
//!     line:    spots in pieces                        all of it, for places
//!     classes: (kind, tenant) → BTreeMap<spot, job>   those whose key is free
//! lanes: key → queue → class → BTreeMap<spot, job>       those that have a key
//! ```
//!
//! Of each lane only the first stands in its class, and none while its key is busy, so a scan never
//! meets a job that waits for a key. Where the first is refused for its own sake, the scan looks at
//! those behind it as well. Classes exist only where a gate tells kinds or tenants apart.
//! Every step is a constant number of tree operations: O(log n).

mod line;
mod queue;

use std::collections::btree_map::Range;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

pub(crate) use queue::{Class, Entry, Held, Queue, Spot};

use crate::AskId;
use queue::{Score, Standing};

/// The jobs of one key: by queue, by class, by spot.
type Lanes = BTreeMap<Arc<str>, BTreeMap<Class, Standing>>;

#[derive(Debug, Default)]
pub(crate) struct Waiting {
    held: HashMap<AskId, Arc<Held>>,
    queues: HashMap<Arc<str>, Queue>,
    order: BTreeSet<(Score, Arc<str>)>,
    lanes: HashMap<Arc<str>, Lanes>,
    busy: HashSet<Arc<str>>,
}

impl Waiting {
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    pub(crate) fn get(&self, id: AskId) -> Option<&Arc<Held>> {
        self.held.get(&id)
    }

    pub(crate) fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.get(name)
    }

    /// The queues that have someone waiting, the next to be served first.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &Queue> {
        self.order.iter().filter_map(|(_, name)| self.queues.get(name))
    }

    /// Those behind a job that is the first of its key in its class; they do not stand in the line.
    pub(crate) fn behind(&self, held: &Held) -> Option<Range<'_, Spot, Entry>> {
        let lanes = self.lanes.get(held.lane.as_ref()?)?;
        let lane = lanes.get(&held.queue)?.get(&held.class)?;
        let first = lane.keys().next() == Some(&held.spot);
        first.then(|| lane.range((Bound::Excluded(held.spot), Bound::Unbounded)))
    }

    /// Everyone, in no particular order.
    pub(crate) fn drain(&mut self) -> Vec<Arc<Held>> {
        std::mem::take(self).held.into_values().collect()
    }

    /// Takes a job into its queue, under a score that counts if the queue is new.
    pub(crate) fn insert(&mut self, held: Arc<Held>, score: f64) {
        if !self.queues.contains_key(&held.queue) {
            let queue = Queue::new(held.queue.clone(), Score(score));
            self.order.insert((Score(score), held.queue.clone()));
            self.queues.insert(held.queue.clone(), queue);
        }
        self.held.insert(held.ask.id, held.clone());
        if let Some(queue) = self.queues.get_mut(&held.queue) {
            queue.join(&held);
        }
        match held.lane.clone() {
            None => self.stand(&held, false),
            Some(key) => self.join_lane(&key, held),
        }
    }

    /// Takes a job out, and its queue with it if it was the last.
    pub(crate) fn remove(&mut self, id: AskId) -> Option<Arc<Held>> {
        let held = self.held.remove(&id)?;
        if let Some(key) = held.lane.clone() {
            self.leave_lane(&key, &held);
        } else {
            self.sit(&held);
        }
        let queue = self.queues.get_mut(&held.queue)?;
        if queue.leave(&held) {
            let score = queue.score;
            self.order.remove(&(score, held.queue.clone()));
            self.queues.remove(&held.queue);
        }
        Some(held)
    }

    /// Moves a queue to where its score puts it.
    pub(crate) fn set_score(&mut self, name: &str, score: f64) {
        let Some(queue) = self.queues.get_mut(name) else { return };
        let score = Score(score);
        if queue.score != score {
            self.order.remove(&(queue.score, queue.name.clone()));
            queue.score = score;
            self.order.insert((score, queue.name.clone()));
        }
    }

    /// Says whether the jobs of a key may stand in the line.
    pub(crate) fn set_busy(&mut self, key: &str, busy: bool) {
        let changed = match busy {
            true => self.busy.insert(Arc::from(key)),
            false => self.busy.remove(key),
        };
        let Some(lanes) = self.lanes.get(key).filter(|_| changed) else { return };
        let lanes = lanes.values().flat_map(BTreeMap::values);
        let heads: Vec<_> = lanes.filter_map(first).collect();
        for (head, leads) in heads {
            if busy { self.sit(&head) } else { self.stand(&head, leads) }
        }
    }

    fn stand(&mut self, held: &Arc<Held>, leads: bool) {
        if let Some(queue) = self.queues.get_mut(&held.queue) {
            queue.stand(held.clone(), leads);
        }
    }

    fn sit(&mut self, held: &Held) {
        if let Some(queue) = self.queues.get_mut(&held.queue) {
            queue.sit(held);
        }
    }

    fn join_lane(&mut self, key: &Arc<str>, held: Arc<Held>) {
        let lanes = self.lanes.entry(key.clone()).or_default();
        let lane = lanes.entry(held.queue.clone()).or_default().entry(held.class.clone());
        let lane = lane.or_default();
        let before = first(lane);
        lane.insert(held.spot, Entry { held, leads: false });
        let now = first(lane);
        self.lead(key, before, now);
    }

    fn leave_lane(&mut self, key: &Arc<str>, held: &Held) {
        let Some(lanes) = self.lanes.get_mut(key) else { return };
        let Some(classes) = lanes.get_mut(&held.queue) else { return };
        let Some(lane) = classes.get_mut(&held.class) else { return };
        let before = first(lane);
        lane.remove(&held.spot);
        let now = first(lane);
        if lane.is_empty() {
            classes.remove(&held.class);
        }
        if classes.is_empty() {
            lanes.remove(&held.queue);
        }
        if lanes.is_empty() {
            self.lanes.remove(key);
        }
        self.lead(key, before, now);
    }

    /// Lets the first of a lane stand in the line, unless its key is busy.
    fn lead(&mut self, key: &str, before: Option<First>, now: Option<First>) {
        let same = |one: &First, other: &First| one.0.spot == other.0.spot && one.1 == other.1;
        let unchanged = matches!((&before, &now), (Some(before), Some(now)) if same(before, now));
        if unchanged || self.busy.contains(key) {
            return;
        }
        if let Some((before, _)) = before {
            self.sit(&before);
        }
        if let Some((now, leads)) = now {
            self.stand(&now, leads);
        }
    }
}

/// The first of a lane, and whether it leads others.
type First = (Arc<Held>, bool);

fn first(lane: &Standing) -> Option<First> {
    let entry = lane.values().next()?;
    Some((entry.held.clone(), lane.len() > 1))
}
