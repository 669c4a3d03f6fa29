use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::{Ask, AskId, Demand, Facet, Moment, Now, Room, Want};

/// A job that was admitted and has not been given back.
#[derive(Clone, Debug)]
pub struct Running {
    /// What asked.
    pub ask: Arc<Ask>,
    /// What was booked for it.
    pub demand: Demand,
    /// Whether it has the node for itself.
    pub alone: bool,
    /// When it was admitted.
    pub started: Moment,
    /// How long it is expected to run.
    pub runtime: Option<Duration>,
}

impl Running {
    /// When it is expected to end; `None` if nobody can say.
    pub fn expected_end(&self) -> Option<Moment> {
        self.runtime.map(|runtime| self.started.plus(runtime))
    }
}

/// What runs now and what it holds: the one place where starts and ends are booked.
///
/// Gates and ranks read it and keep no such counts of their own, so they cannot disagree with it.
#[derive(Debug)]
pub struct Books {
    now: Cell<Now>,
    running: BTreeMap<AskId, Running>,
    used: Demand,
    alone: usize,
    counts: [HashMap<String, u64>; 3],
    tenants: HashMap<String, Demand>,
}

/// The time at which a job will have room, and what is then left for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    pub(crate) at: Moment,
    pub(crate) spare: Room,
}

impl Books {
    pub(crate) fn new(now: Now) -> Self {
        Self {
            now: Cell::new(now),
            running: BTreeMap::new(),
            used: Demand::default(),
            alone: 0,
            counts: Default::default(),
            tenants: HashMap::new(),
        }
    }

    /// The time of the present call; the monotonic part never goes back.
    pub fn now(&self) -> Now {
        self.now.get()
    }

    /// What runs, by id.
    pub fn running(&self) -> &BTreeMap<AskId, Running> {
        &self.running
    }

    /// What all that runs holds together.
    pub fn used(&self) -> Demand {
        self.used
    }

    /// Whether a job runs that wants the node for itself.
    pub fn taken_alone(&self) -> bool {
        self.alone > 0
    }

    /// How many run that share this facet with others.
    pub fn count(&self, facet: Facet, value: &str) -> u64 {
        self.counts[facet as usize].get(value).copied().unwrap_or(0)
    }

    /// What the running jobs of a tenant hold.
    pub fn used_by(&self, tenant: &str) -> Demand {
        self.tenants.get(tenant).copied().unwrap_or_default()
    }

    /// Moves the hands on; nothing else of the books changes with time.
    pub(crate) fn advance(&self, now: Now) {
        let moment = self.now.get().moment.max(now.moment);
        self.now.set(Now { moment, wall: now.wall });
    }

    pub(crate) fn book(&mut self, run: Running) {
        self.used = self.used.plus(&run.demand);
        self.alone += usize::from(run.alone);
        for facet in Facet::ALL {
            if let Some(value) = facet.of(&run.ask) {
                *self.counts[facet as usize].entry(value.to_owned()).or_default() += 1;
            }
        }
        let tenant = self.tenants.entry(run.ask.tenant.clone()).or_default();
        *tenant = tenant.plus(&run.demand);
        self.running.insert(run.ask.id, run);
    }

    pub(crate) fn give_back(&mut self, id: AskId) -> Option<Running> {
        let run = self.running.remove(&id)?;
        self.used = self.used.minus(&run.demand);
        self.alone -= usize::from(run.alone);
        for facet in Facet::ALL {
            if let Some(value) = facet.of(&run.ask) {
                lessen(&mut self.counts[facet as usize], value);
            }
        }
        if self.count(Facet::Tenant, &run.ask.tenant) == 0 {
            self.tenants.remove(&run.ask.tenant);
        } else if let Some(held) = self.tenants.get_mut(&run.ask.tenant) {
            *held = held.minus(&run.demand);
        }
        Some(run)
    }

    /// When `want` has room within `limit` if everything ends as expected and nothing else starts.
    pub(crate) fn fits_at(&self, limit: &Room, want: &Want<'_>) -> Option<Fit> {
        let now = self.now().moment;
        let mut ends: Vec<(Moment, &Running)> = self
            .running
            .values()
            .filter_map(|run| Some((run.expected_end()?.max(now), run)))
            .collect();
        ends.sort_by_key(|(end, run)| (*end, run.ask.id));
        let mut left = Room { jobs: self.running.len() as u64, demand: self.used };
        let mut alone = self.alone;
        let mut at = now;
        let mut ends = ends.into_iter().peekable();
        loop {
            while let Some((_, run)) = ends.next_if(|(end, _)| *end <= at) {
                left = left.without(&run.demand);
                alone -= usize::from(run.alone);
            }
            if let Some(spare) = spare(limit, &left, alone, want) {
                return Some(Fit { at, spare });
            }
            at = ends.peek()?.0;
        }
    }

    /// The running jobs that satisfy `holds`, those that hold most first.
    pub(crate) fn holders(
        &self,
        amount: impl Fn(&Running) -> u64,
        holds: impl Fn(&Running) -> bool,
    ) -> Vec<AskId> {
        let mut held: Vec<_> = self.running.values().filter(|run| holds(run)).collect();
        held.sort_by_key(|run| (std::cmp::Reverse(amount(run)), run.ask.id));
        held.iter().map(|run| run.ask.id).take(crate::Blocker::HOLDERS).collect()
    }

    /// The first moment at which one of the jobs that satisfy `of` is expected to end.
    pub(crate) fn first_end(&self, of: impl Fn(&Running) -> bool) -> Option<Moment> {
        let ends = self.running.values().filter(|run| of(run)).filter_map(Running::expected_end);
        ends.min().map(|end| end.max(self.now().moment))
    }
}

fn spare(limit: &Room, left: &Room, alone: usize, want: &Want<'_>) -> Option<Room> {
    if alone > 0 {
        return None;
    }
    if want.alone {
        let nothing = Room { jobs: 0, demand: Demand::default() };
        return (left.jobs == 0).then_some(nothing);
    }
    let full = left.with(&want.demand);
    let fits = full.jobs <= limit.jobs && limit.demand.holds(&full.demand);
    fits.then(|| Room { jobs: limit.jobs - full.jobs, demand: limit.demand.minus(&full.demand) })
}

fn lessen(counts: &mut HashMap<String, u64>, value: &str) {
    if let Some(count) = counts.get_mut(value) {
        *count -= 1;
        if *count == 0 {
            counts.remove(value);
        }
    }
}
