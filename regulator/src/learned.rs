use std::collections::{BTreeMap, HashMap, VecDeque};
use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Ask, AskId, Demand, End, Outcome, Running, Want};

/// What a job needs, learned from those before it of the same kind and size.
///
/// Jobs fall into classes by kind and by the bit length of their input's size, so sizes in a class
/// differ at most by two. Once `samples` jobs of a class have ended, `need = margin · p` with `p` the
/// `percentile` of the last `history` peaks of memory and scratch disk, and the expected runtime is
/// the `percentile` of theirs, without margin. Until then, and for demands that were stated, what was
/// asked counts.
///
/// A job that ran out of memory gets twice what it had and the node for itself, and its class gets
/// no less than that twofold until `history` further jobs of it have ended well. Source: the resource
/// prediction of Tovar et al., IEEE TPDS 29(5), 2018; doubling as in `Retry` of every batch system.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Draft")]
pub struct Learned {
    pub(crate) percentile: f64,
    pub(crate) margin: f64,
    pub(crate) samples: NonZeroU32,
    history: NonZeroU32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Draft {
    percentile: f64,
    margin: f64,
    samples: NonZeroU32,
    history: NonZeroU32,
}

impl Default for Draft {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { percentile: 95.0, margin: 1.2, samples: number(5), history: number(64) }
    }
}

impl TryFrom<Draft> for Learned {
    type Error = &'static str;

    fn try_from(draft: Draft) -> Result<Self, &'static str> {
        let Draft { percentile, margin, samples, history } = draft;
        if !(0.0 < percentile && percentile <= 100.0 && (1.0..=100.0).contains(&margin)) {
            return Err("`percentile` lies between 0 and 100, `margin` between 1 and 100");
        }
        if samples > history || history.get() > 10_000 {
            return Err("`samples` is at most `history`, and that at most 10000");
        }
        Ok(Self { percentile, margin, samples, history })
    }
}

/// The last samples of one quantity, and their percentile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Samples {
    last: VecDeque<u64>,
    percentile: u64,
}

impl Samples {
    fn add(&mut self, sample: u64, learned: &Learned) {
        self.last.push_back(sample);
        if self.last.len() > learned.history.get() as usize {
            self.last.pop_front();
        }
        let mut sorted: Vec<_> = self.last.iter().copied().collect();
        sorted.sort_unstable();
        let rank = (learned.percentile / 100.0 * sorted.len() as f64).ceil() as usize;
        self.percentile = sorted[rank.clamp(1, sorted.len()) - 1];
    }

    fn known(&self, learned: &Learned) -> Option<u64> {
        (self.last.len() >= learned.samples.get() as usize).then_some(self.percentile)
    }
}

/// What is known of one class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Class {
    memory: Samples,
    scratch: Samples,
    runtime_us: Samples,
    /// No less memory than this, after one ran out of it …
    floor: u64,
    /// … until so many more have ended well.
    floor_for: u32,
}

/// What was learned so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Experience {
    classes: HashMap<String, BTreeMap<u32, Class>>,
    /// Jobs that ran out of memory, with what they get next time.
    burnt: BTreeMap<AskId, u64>,
}

/// How many jobs that ran out of memory are remembered.
const BURNT: usize = 10_000;

impl Experience {
    /// The ask with what experience adds, within what the node has.
    pub(crate) fn want<'a>(&self, learned: &Learned, ask: &'a Ask, node: &Demand) -> Want<'a> {
        let asked = Want { ask, demand: ask.demand, runtime: ask.runtime, alone: ask.alone };
        let class = self.class(ask);
        let runtime =
            ask.runtime.or_else(|| class?.runtime_us.known(learned).map(Duration::from_micros));
        let known = class.filter(|_| !ask.stated);
        let mut demand = ask.demand;
        if let Some(class) = known {
            // What was learned is clipped to the node, so that experience alone refuses nobody.
            demand = class.demand(learned, demand).least(node);
        }
        match self.burnt.get(&ask.id) {
            None => Want { demand, runtime, ..asked },
            Some(memory) => {
                demand.memory = demand.memory.max(*memory).min(node.memory);
                Want { demand, runtime, alone: true, ..asked }
            }
        }
    }

    /// Takes note of how a job ended.
    pub(crate) fn note(
        &mut self,
        learned: &Learned,
        run: &Running,
        ran: Duration,
        outcome: &Outcome,
    ) {
        let id = run.ask.id;
        match outcome.end {
            End::NotRun | End::Failed => {}
            End::OutOfMemory => self.burn(learned, run),
            End::Completed => {
                self.burnt.remove(&id);
                self.class_mut(&run.ask).learn(learned, ran, outcome);
            }
        }
    }

    fn burn(&mut self, learned: &Learned, run: &Running) {
        let doubled = run.demand.memory.max(1).saturating_mul(2);
        self.burnt.insert(run.ask.id, doubled);
        while self.burnt.len() > BURNT {
            self.burnt.pop_first();
        }
        let class = self.class_mut(&run.ask);
        class.floor = class.floor.max(doubled);
        class.floor_for = learned.history.get();
    }

    fn class(&self, ask: &Ask) -> Option<&Class> {
        self.classes.get(&ask.kind)?.get(&size_class(ask.size))
    }

    fn class_mut(&mut self, ask: &Ask) -> &mut Class {
        let kind = self.classes.entry(ask.kind.clone()).or_default();
        kind.entry(size_class(ask.size)).or_default()
    }
}

fn size_class(size: u64) -> u32 {
    u64::BITS - size.leading_zeros()
}

impl Class {
    fn demand(&self, learned: &Learned, asked: Demand) -> Demand {
        let need = |samples: &Samples, asked: u64| match samples.known(learned) {
            Some(peak) => (peak as f64 * learned.margin).ceil() as u64,
            None => asked,
        };
        Demand {
            memory: need(&self.memory, asked.memory).max(self.floor),
            scratch: need(&self.scratch, asked.scratch),
            ..asked
        }
    }

    fn learn(&mut self, learned: &Learned, ran: Duration, outcome: &Outcome) {
        self.runtime_us.add(ran.as_micros() as u64, learned);
        if let Some(peak) = outcome.peak_memory {
            self.memory.add(peak, learned);
        }
        if let Some(peak) = outcome.peak_scratch {
            self.scratch.add(peak, learned);
        }
        self.floor_for = self.floor_for.saturating_sub(1);
        if self.floor_for == 0 {
            self.floor = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Moment;

    #[test]
    fn of_the_jobs_that_ran_out_of_memory_the_latest_are_remembered() {
        let learned = Learned::try_from(Draft::default()).unwrap();
        let mut experience = Experience::default();
        for id in 1..=BURNT as u128 + 1 {
            let ask = Ask::new(AskId(id), "loader", "maize");
            let run = Running {
                demand: ask.demand,
                alone: false,
                started: Moment::ZERO,
                runtime: None,
                ask: ask.into(),
            };
            experience.burn(&learned, &run);
            assert_eq!(experience.burnt.len(), BURNT.min(id as usize));
        }
        assert!(!experience.burnt.contains_key(&AskId(1)));
    }
}
