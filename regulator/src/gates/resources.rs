use serde::{Deserialize, Serialize};

use crate::gate::{hold, jobs};
use crate::{
    Blocker, Books, Budget, Bytes, Demand, Gate, GateState, Lift, Never, Reach, Resource, Room,
    Want,
};

/// A budget of cores, memory, scratch disk and I/O slots: start if for each of them
/// `Σ demand(running) + demand ≤ budget`.
///
/// What is left out is not bounded. Write what jobs may use, not what the machine has: heartbeats
/// and the page cache want some too. Source: the consumable resources of Slurm (`SelectType=cons_tres`)
/// and the bin packing of Nomad; there as here a demand is booked whole from start to end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Draft")]
pub struct Resources {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cores: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scratch: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) io: Option<u64>,
    /// All of them together; what is not bounded holds everything.
    #[serde(skip)]
    capacity: Demand,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    cores: Option<f64>,
    memory: Option<Bytes>,
    scratch: Option<Bytes>,
    io: Option<u64>,
}

impl TryFrom<Draft> for Resources {
    type Error = &'static str;

    fn try_from(draft: Draft) -> Result<Self, &'static str> {
        let Draft { cores, memory, scratch, io } = draft;
        if cores.is_some_and(|cores| !(0.001..=1e6).contains(&cores)) {
            return Err("`cores` is a number from 0.001 to 1000000");
        }
        if cores.is_none() && memory.is_none() && scratch.is_none() && io.is_none() {
            return Err("`resources` needs at least one of `cores`, `memory`, `scratch`, `io`");
        }
        let bytes = |size: Option<Bytes>| size.map_or(u64::MAX, |size| size.0);
        let capacity = Demand {
            cpu_milli: cores.map_or(u64::MAX, |cores| (cores * 1000.0).round() as u64),
            memory: bytes(memory),
            scratch: bytes(scratch),
            io: io.unwrap_or(u64::MAX),
        };
        Ok(Self { cores, memory, scratch, io, capacity })
    }
}

impl Resources {
    /// The budget; what is not bounded holds everything.
    pub fn capacity(&self) -> Demand {
        self.capacity
    }

    fn bounded(&self) -> impl Iterator<Item = (Resource, u64)> {
        let capacity = self.capacity();
        let all = Resource::ALL.into_iter().map(move |which| (which, capacity.of(which)));
        all.filter(|(_, capacity)| *capacity < u64::MAX)
    }

    fn short(&self, which: Resource, capacity: u64, want: &Want<'_>, books: &Books) -> Blocker {
        let used = books.used().of(which);
        let holders = books.holders(|run| run.demand.of(which), |run| run.demand.of(which) > 0);
        let mut limit = Room::UNBOUNDED;
        limit.demand.set(which, capacity);
        let here = Want { alone: false, ..*want };
        Blocker {
            gate: self.name().to_owned(),
            code: which.code().to_owned(),
            text: format!(
                "waits for {} {}; {} free; {} {} {}",
                which.amount(want.demand.of(which)),
                which.name(),
                which.amount(capacity.saturating_sub(used)),
                jobs(&holders),
                hold(&holders),
                which.amount(used),
            ),
            holders,
            lifts: Lift::JobsEnd,
            expected: books.fits_at(&limit, &here).map(|fit| fit.at),
        }
    }
}

impl Gate for Resources {
    fn name(&self) -> &'static str {
        "resources"
    }

    fn reach(&self) -> Reach {
        Reach::Room
    }

    fn admits(&self, want: &Want<'_>, books: &Books) -> bool {
        self.capacity.holds(&books.used().plus(&want.demand))
    }

    fn blockers(&self, want: &Want<'_>, books: &Books) -> Vec<Blocker> {
        let full = books.used().plus(&want.demand);
        self.bounded()
            .filter(|(which, capacity)| full.of(*which) > *capacity)
            .map(|(which, capacity)| self.short(which, capacity, want, books))
            .collect()
    }

    fn room(&self, _books: &Books) -> Room {
        Room { demand: self.capacity(), ..Room::UNBOUNDED }
    }

    fn never(&self, want: &Want<'_>) -> Option<Never> {
        let (which, capacity) =
            self.bounded().find(|(which, capacity)| want.demand.of(*which) > *capacity)?;
        let need = which.amount(want.demand.of(which));
        let gives = which.amount(capacity);
        let text = format!("demands {need} {}; the node gives {gives}", which.name());
        Some(Never { gate: self.name().to_owned(), text })
    }

    fn state(&self, books: &Books) -> GateState {
        let used = |which: Resource, capacity| {
            let used = which.amount(books.used().of(which));
            format!("{used} of {} {}", which.amount(capacity), which.name())
        };
        let text: Vec<_> = self.bounded().map(|(which, all)| used(which, all)).collect();
        let budgets = self.bounded().map(|(which, capacity)| Budget {
            name: which.code().to_owned(),
            used: books.used().of(which),
            capacity,
        });
        GateState { name: self.name(), text: text.join(", "), budgets: budgets.collect() }
    }
}
