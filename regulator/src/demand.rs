use serde::{Deserialize, Serialize};

use crate::units::{Bytes, cores};

/// What a job needs of the node while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Demand {
    /// Processor cores, in thousandths.
    pub cpu_milli: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of scratch disk.
    pub scratch: u64,
    /// Input and output slots: how many heavy streams it keeps the disks busy with.
    pub io: u64,
}

/// One of the things a [`Demand`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Processor cores.
    Cpu,
    /// Memory.
    Memory,
    /// Scratch disk.
    Scratch,
    /// Input and output slots.
    Io,
}

impl Resource {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cpu, Self::Memory, Self::Scratch, Self::Io];

    /// Its name in budgets and blockers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cpu => "cpu_milli",
            Self::Memory => "memory",
            Self::Scratch => "scratch",
            Self::Io => "io",
        }
    }

    /// Its name in sentences.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cores",
            Self::Memory => "memory",
            Self::Scratch => "scratch disk",
            Self::Io => "I/O slots",
        }
    }

    /// An amount of it without its name, such as `6.0 GiB`.
    pub fn amount(self, amount: u64) -> String {
        match self {
            Self::Cpu => cores(amount),
            Self::Memory | Self::Scratch => Bytes(amount).to_string(),
            Self::Io => amount.to_string(),
        }
    }
}

impl Demand {
    /// More than any job asks for: what an absent budget holds.
    pub const UNBOUNDED: Self =
        Self { cpu_milli: u64::MAX, memory: u64::MAX, scratch: u64::MAX, io: u64::MAX };

    /// How much of one resource.
    pub const fn of(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Cpu => self.cpu_milli,
            Resource::Memory => self.memory,
            Resource::Scratch => self.scratch,
            Resource::Io => self.io,
        }
    }

    /// Sets how much of one resource.
    pub const fn set(&mut self, resource: Resource, amount: u64) {
        match resource {
            Resource::Cpu => self.cpu_milli = amount,
            Resource::Memory => self.memory = amount,
            Resource::Scratch => self.scratch = amount,
            Resource::Io => self.io = amount,
        }
    }

    /// Whether `other` has room in this.
    pub fn holds(&self, other: &Self) -> bool {
        Resource::ALL.iter().all(|which| other.of(*which) <= self.of(*which))
    }

    /// Both together.
    pub fn plus(&self, other: &Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    /// What is left of this without `other`; nothing, where `other` is more.
    pub fn minus(&self, other: &Self) -> Self {
        self.with(other, u64::saturating_sub)
    }

    /// The smaller of each.
    pub fn least(&self, other: &Self) -> Self {
        self.with(other, u64::min)
    }

    fn with(&self, other: &Self, each: fn(u64, u64) -> u64) -> Self {
        Self {
            cpu_milli: each(self.cpu_milli, other.cpu_milli),
            memory: each(self.memory, other.memory),
            scratch: each(self.scratch, other.scratch),
            io: each(self.io, other.io),
        }
    }
}

/// A budget: how many jobs at once, and how much they may use together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Jobs.
    pub jobs: u64,
    /// Everything else.
    pub demand: Demand,
}

impl Room {
    /// No bound at all.
    pub const UNBOUNDED: Self = Self { jobs: u64::MAX, demand: Demand::UNBOUNDED };

    /// The smaller of each.
    pub fn least(&self, other: &Self) -> Self {
        Self { jobs: self.jobs.min(other.jobs), demand: self.demand.least(&other.demand) }
    }

    /// Whether one job of this demand has room.
    pub fn holds(&self, demand: &Demand) -> bool {
        self.jobs >= 1 && self.demand.holds(demand)
    }

    /// What is left after one job of this demand.
    pub fn without(&self, demand: &Demand) -> Self {
        Self { jobs: self.jobs.saturating_sub(1), demand: self.demand.minus(demand) }
    }

    /// What there is once one job of this demand has ended.
    pub fn with(&self, demand: &Demand) -> Self {
        Self { jobs: self.jobs.saturating_add(1), demand: self.demand.plus(demand) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Demand = Demand { cpu_milli: 1, memory: 2, scratch: 3, io: 4 };
    const LARGE: Demand = Demand { cpu_milli: 10, memory: 20, scratch: 30, io: 40 };

    #[test]
    fn every_resource_counts() {
        assert!(LARGE.holds(&SMALL) && LARGE.holds(&LARGE) && !SMALL.holds(&LARGE));
        for which in Resource::ALL {
            let mut more = LARGE;
            more.set(which, LARGE.of(which) + 1);
            assert!(!LARGE.holds(&more), "{which:?}");
        }
        assert_eq!(LARGE.plus(&SMALL).minus(&SMALL), LARGE);
        assert_eq!(SMALL.minus(&LARGE), Demand::default());
    }

    #[test]
    fn a_room_counts_jobs_as_well() {
        let room = Room { jobs: 1, demand: LARGE };
        assert!(room.holds(&LARGE) && !room.without(&SMALL).holds(&SMALL));
        assert_eq!(room.without(&SMALL).with(&SMALL), room);
        assert_eq!(room.least(&Room::UNBOUNDED), room);
    }
}
