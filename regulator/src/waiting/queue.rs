use std::cmp::Ordering;
use std::collections::binary_heap::PeekMut;
use std::collections::btree_map::Range;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use super::line::Line;
use crate::{Ask, Facet, Moment};

/// A place in a queue, equals in the order they came.
pub(crate) type Spot = (i64, u64);

/// What gates tell apart among the jobs of a queue: kind and tenant, where they look at them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class {
    pub(crate) kind: Option<Arc<str>>,
    pub(crate) tenant: Option<Arc<str>>,
}

impl Class {
    /// Whether a refusal of `facet` to a job of `other` speaks for this class too.
    pub(crate) fn shares(&self, facet: Facet, other: &Self) -> bool {
        match facet {
            Facet::Kind => self.kind == other.kind,
            Facet::Tenant => self.tenant == other.tenant,
            Facet::Key => false,
        }
    }
}

/// A waiting job and where it stands.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) ask: Arc<Ask>,
    pub(crate) since: Moment,
    pub(crate) spot: Spot,
    pub(crate) queue: Arc<str>,
    pub(crate) class: Class,
    /// Its key, where a gate looks at keys.
    pub(crate) lane: Option<Arc<str>>,
}

/// A number that may be compared: `f64` in its total order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Score(pub(crate) f64);

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// The jobs of one queue.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) name: Arc<str>,
    pub(crate) score: Score,
    line: Line,
    classes: BTreeMap<Class, Standing>,
}

/// Jobs in the line, by spot.
pub(super) type Standing = BTreeMap<Spot, Entry>;

/// A job in the line.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) held: Arc<Held>,
    /// Whether others of its key and class stand behind it, and not in the line.
    pub(crate) leads: bool,
}

impl Queue {
    pub(crate) fn new(name: Arc<str>, score: Score) -> Self {
        Self { name, score, line: Line::default(), classes: BTreeMap::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.line.len()
    }

    /// How many stand before a spot, those whose key is busy among them.
    pub(crate) fn before(&self, spot: Spot) -> usize {
        self.line.before(spot)
    }

    /// Those whose key is free, in order.
    pub(crate) fn cursor(&self) -> Cursor<'_> {
        let heads =
            self.classes.iter().filter_map(|(class, jobs)| Head::new(class, jobs.range(..)));
        Cursor { heads: heads.collect() }
    }

    pub(super) fn join(&mut self, held: &Held) {
        self.line.insert(held.spot);
    }

    /// Whether nobody is left.
    pub(super) fn leave(&mut self, held: &Held) -> bool {
        self.line.remove(held.spot);
        self.line.is_empty()
    }

    /// Puts a job into the line, or says anew whether it leads others.
    pub(super) fn stand(&mut self, held: Arc<Held>, leads: bool) {
        let (spot, entry) = (held.spot, Entry { held: held.clone(), leads });
        match self.classes.get_mut(&held.class) {
            Some(class) => class.insert(spot, entry),
            None => self.classes.entry(held.class.clone()).or_default().insert(spot, entry),
        };
    }

    pub(super) fn sit(&mut self, held: &Held) {
        let Some(class) = self.classes.get_mut(&held.class) else { return };
        class.remove(&held.spot);
        if class.is_empty() {
            self.classes.remove(&held.class);
        }
    }
}

/// A walk through a queue that can leave out whole classes.
pub(crate) struct Cursor<'a> {
    /// The next of each class, the one with the least spot on top.
    heads: BinaryHeap<Head<'a>>,
}

/// The first of some jobs of a class, and those after it.
struct Head<'a> {
    class: &'a Class,
    spot: Spot,
    first: &'a Entry,
    rest: Range<'a, Spot, Entry>,
}

impl<'a> Head<'a> {
    fn new(class: &'a Class, mut jobs: Range<'a, Spot, Entry>) -> Option<Self> {
        let (spot, first) = jobs.next()?;
        Some(Self { class, spot: *spot, first, rest: jobs })
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head<'_> {}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head<'_> {
    /// The least spot is the greatest: a heap has its greatest on top.
    fn cmp(&self, other: &Self) -> Ordering {
        other.spot.cmp(&self.spot)
    }
}

impl<'a> Cursor<'a> {
    /// The next in line.
    pub(crate) fn next(&mut self) -> Option<&'a Entry> {
        let mut head = self.heads.peek_mut()?;
        let next = head.first;
        match head.rest.next() {
            Some((spot, following)) => (head.spot, head.first) = (*spot, following),
            None => _ = PeekMut::pop(head),
        }
        Some(next)
    }

    /// Takes in more jobs of a class, each in its place.
    pub(crate) fn look_into(&mut self, class: &'a Class, jobs: Range<'a, Spot, Entry>) {
        if let Some(head) = Head::new(class, jobs) {
            self.heads.push(head);
        }
    }

    /// Leaves out every class for which a refusal of `facet` to `class` speaks.
    pub(crate) fn skip(&mut self, facet: Facet, class: &Class) {
        self.heads.retain(|head| !head.class.shares(facet, class));
    }
}
