use serde::{Deserialize, Serialize};

use crate::units::Bytes;
use crate::{Blocker, Books, Gate, GateState, Length, Lift, Moment, Pressure, Reach, Signal, Want};

/// Nothing starts while the node is hard pressed.
///
/// Each limit closes the gate when its reading passes it, and opens it when the reading is back by a
/// tenth: `closed ← reading > limit, or closed and reading > 0.9·limit`; for free disk the other way
/// round. Limits on cores, memory, disks and load leave `keep` jobs running, as pressure may come
/// from elsewhere and must not stop the node for ever; free disk and the backlog stop all starts.
/// What cannot be read, or was read longer ago than `stale`, does not count: the gate says so and is
/// inert. Source: Linux pressure stall information, docs.kernel.org `accounting/psi`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PressureLimits {
    /// Most percent of time in which some task waits for a core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<f64>,
    /// Most percent of time in which all tasks wait for memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<f64>,
    /// Most percent of time in which all tasks wait for the disks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io: Option<f64>,
    /// Highest load average per core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
    /// Least free space on the data disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_free: Option<Bytes>,
    /// Most callbacks that wait to be delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog: Option<u64>,
    /// How many jobs run whatever the pressure on cores, memory, disks and load.
    pub keep: u32,
    /// How old a reading may be.
    pub stale: Length,
}

impl Default for PressureLimits {
    fn default() -> Self {
        Self {
            cpu: None,
            memory: None,
            io: None,
            load: None,
            disk_free: None,
            backlog: None,
            keep: 1,
            stale: Length::secs(60),
        }
    }
}

/// One reading beside its limit.
#[derive(Clone, Copy, Debug)]
struct Gauge {
    code: &'static str,
    name: &'static str,
    reading: Option<f64>,
    limit: f64,
    /// Whether less is worse, as with free disk.
    floor: bool,
    /// Whether it stops even the last `keep` jobs.
    hard: bool,
}

impl Gauge {
    fn closes(&self, was_closed: bool) -> bool {
        let Some(reading) = self.reading else { return false };
        match (self.floor, was_closed) {
            (false, false) => reading > self.limit,
            (false, true) => reading > 0.9 * self.limit,
            (true, false) => reading < self.limit,
            (true, true) => reading < 1.1 * self.limit,
        }
    }

    fn amount(&self, amount: f64) -> String {
        match self.code {
            "disk_free" => Bytes(amount as u64).to_string(),
            "backlog" => format!("{amount:.0}"),
            "load" => format!("{amount:.2}"),
            _ => format!("{amount:.1} %"),
        }
    }
}

/// [`PressureLimits`] with the last readings.
#[derive(Debug)]
pub struct PressureGate {
    limits: PressureLimits,
    last: Option<(Moment, Pressure)>,
    closed: Vec<&'static str>,
}

impl PressureGate {
    /// Open, with nothing read yet.
    pub fn new(limits: PressureLimits) -> Self {
        Self { limits, last: None, closed: Vec::new() }
    }

    fn gauges(&self) -> Vec<Gauge> {
        let (limits, read) = (&self.limits, self.last.map(|(_, read)| read).unwrap_or_default());
        let count = |number: u64| number as f64;
        let gauge = |code, name, limit: Option<f64>, reading| {
            let (floor, hard) = (code == "disk_free", matches!(code, "disk_free" | "backlog"));
            limit.map(|limit| Gauge { code, name, reading, limit, floor, hard })
        };
        let disk = limits.disk_free.map(|bytes| count(bytes.0));
        [
            gauge("cpu", "pressure on the cores", limits.cpu, read.cpu),
            gauge("memory", "pressure on memory", limits.memory, read.memory),
            gauge("io", "pressure on the disks", limits.io, read.io),
            gauge("load", "load per core", limits.load, read.load),
            gauge("disk_free", "free disk", disk, read.disk_free.map(count)),
            gauge(
                "backlog",
                "backlog of callbacks",
                limits.backlog.map(count),
                read.backlog.map(count),
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn fresh(&self, books: &Books) -> bool {
        self.last.is_some_and(|(at, _)| books.now().moment <= at.plus(self.limits.stale.0))
    }

    /// The gauges that stop a start now.
    fn in_the_way(&self, books: &Books) -> impl Iterator<Item = Gauge> {
        let few = books.running().len() < self.limits.keep as usize;
        let closed = if self.fresh(books) { self.closed.as_slice() } else { &[] };
        let gauges = if closed.is_empty() { Vec::new() } else { self.gauges() };
        gauges.into_iter().filter(move |gauge| closed.contains(&gauge.code) && (gauge.hard || !few))
    }
}

impl Gate for PressureGate {
    fn name(&self) -> &'static str {
        "pressure"
    }

    fn reach(&self) -> Reach {
        Reach::Node
    }

    fn admits(&self, _want: &Want<'_>, books: &Books) -> bool {
        self.in_the_way(books).next().is_none()
    }

    fn blockers(&self, _want: &Want<'_>, books: &Books) -> Vec<Blocker> {
        let blocker = |gauge: Gauge| {
            let (reading, limit) = (gauge.reading.unwrap_or_default(), gauge.limit);
            let (verb, back) =
                if gauge.floor { ("rise above", 1.1 * limit) } else { ("fall below", 0.9 * limit) };
            let (reading, back) = (gauge.amount(reading), gauge.amount(back));
            Blocker {
                gate: self.name().to_owned(),
                code: gauge.code.to_owned(),
                text: format!("waits for the {} to {verb} {back}; it is {reading}", gauge.name),
                holders: Vec::new(),
                lifts: Lift::Pressure,
                expected: None,
            }
        };
        self.in_the_way(books).map(blocker).collect()
    }

    fn observe(&mut self, signal: &Signal, books: &Books) {
        let Signal::Pressure(read) = signal else { return };
        self.last = Some((books.now().moment, *read));
        let closes = |gauge: &Gauge| gauge.closes(self.closed.contains(&gauge.code));
        self.closed = self.gauges().iter().filter(|g| closes(g)).map(|g| g.code).collect();
    }

    fn wake(&self, books: &Books) -> Option<Moment> {
        let (at, _) = self.last.filter(|_| !self.closed.is_empty() && self.fresh(books))?;
        Some(at.plus(self.limits.stale.0).plus(std::time::Duration::from_micros(1)))
    }

    fn state(&self, books: &Books) -> GateState {
        let fresh = self.fresh(books);
        let gauge = |gauge: Gauge| match gauge.reading.filter(|_| fresh) {
            Some(reading) => format!(
                "{} {} (limit {})",
                gauge.name,
                gauge.amount(reading),
                gauge.amount(gauge.limit)
            ),
            None => format!("no reading of {}: inert", gauge.name),
        };
        let text: Vec<_> = self.gauges().into_iter().map(gauge).collect();
        GateState { name: self.name(), text: text.join(", "), budgets: Vec::new() }
    }
}
