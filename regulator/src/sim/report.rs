use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Record, Run, TraceJob};
use crate::units::roughly;
use crate::{Moment, Resource};

/// What a run was like for those who waited, and how well the node was used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The strategy's name.
    pub name: String,
    /// Jobs in the trace.
    pub jobs: usize,
    /// Those that ran to their end.
    pub completed: usize,
    /// Those refused at submission: they demand more than the node has.
    pub refused: usize,
    /// Those that never started.
    pub unstarted: usize,
    /// How often a job ran out of memory.
    pub out_of_memory: u64,
    /// Seconds from submission to the last start.
    pub wait_s: Quantiles,
    /// `(wait + run) / max(run, 10 s)`, at least 1: how much longer than alone.
    pub slowdown: Quantiles,
    /// Seconds from the first submission to the last end.
    pub makespan_s: f64,
    /// The part of each budget in use, averaged over the makespan.
    pub utilisation: BTreeMap<String, f64>,
    /// Jain's index of the tenants' mean slowdowns: 1 if all suffer alike, 1/n if one bears it all.
    pub jain_tenants: f64,
    /// The same of the kinds.
    pub jain_kinds: f64,
    /// Each tenant by itself.
    pub tenants: Vec<Group>,
    /// Each kind by itself.
    pub kinds: Vec<Group>,
}

/// What a run was like for some of the jobs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Which.
    pub name: String,
    /// How many ended.
    pub completed: usize,
    /// Their part of all core-seconds.
    pub share: f64,
    /// Seconds they waited.
    pub wait_s: Quantiles,
    /// How much longer they took than alone.
    pub slowdown: Quantiles,
}

/// A distribution in five numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// The average.
    pub mean: f64,
    /// Half are at most this.
    pub p50: f64,
    /// Nineteen of twenty are.
    pub p95: f64,
    /// Ninety-nine of a hundred are.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

impl Quantiles {
    /// The five numbers of some values.
    pub fn of(mut values: Vec<f64>) -> Self {
        let Some(last) = values.len().checked_sub(1) else { return Self::default() };
        values.sort_by(f64::total_cmp);
        // The nearest rank: the least value that enough others do not exceed.
        let rank = |percent: usize| values[(values.len() * percent).div_ceil(100).max(1) - 1];
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        Self { mean, p50: rank(50), p95: rank(95), p99: rank(99), max: values[last] }
    }
}

/// A job that ran to its end.
struct Done<'a> {
    job: &'a TraceJob,
    wait: f64,
    run: f64,
}

impl Done<'_> {
    fn slowdown(&self) -> f64 {
        ((self.wait + self.run) / self.run.max(10.0)).max(1.0)
    }

    /// Cores × time, in thousandths of core-seconds.
    fn core_time(&self) -> f64 {
        self.run * self.job.demand.cpu_milli as f64
    }
}

impl Report {
    /// Sums a run up.
    pub fn of(name: &str, run: &Run, trace: &[TraceJob]) -> Self {
        let done: Vec<_> =
            trace.iter().zip(&run.records).filter_map(|(job, record)| done(job, record)).collect();
        let first = trace.iter().map(|job| job.submitted).min().unwrap_or(Moment::ZERO);
        let makespan_s = run.end.since(first).as_secs_f64();
        let started = run.records.iter().filter(|record| record.started.is_some()).count();
        let tenants = groups(&done, |job| &job.tenant);
        let kinds = groups(&done, |job| &job.kind);
        Self {
            name: name.to_owned(),
            jobs: trace.len(),
            completed: done.len(),
            refused: run.refused.len(),
            unstarted: trace.len() - started - run.refused.len(),
            out_of_memory: run.records.iter().map(|record| u64::from(record.out_of_memory)).sum(),
            wait_s: Quantiles::of(done.iter().map(|done| done.wait).collect()),
            slowdown: Quantiles::of(done.iter().map(Done::slowdown).collect()),
            makespan_s,
            utilisation: utilisation(&done, run, makespan_s),
            jain_tenants: jain(&tenants),
            jain_kinds: jain(&kinds),
            tenants,
            kinds,
        }
    }
}

fn done<'a>(job: &'a TraceJob, record: &Record) -> Option<Done<'a>> {
    let (started, ended) = (record.started?, record.ended?);
    let wait = started.since(job.submitted).as_secs_f64();
    Some(Done { job, wait, run: ended.since(started).as_secs_f64() })
}

fn groups<'a>(done: &[Done<'a>], of: impl Fn(&'a TraceJob) -> &'a String) -> Vec<Group> {
    let mut by_name: BTreeMap<&str, Vec<&Done<'_>>> = BTreeMap::new();
    for one in done {
        by_name.entry(of(one.job)).or_default().push(one);
    }
    let all: f64 = done.iter().map(Done::core_time).sum();
    let group = |(name, jobs): (&str, Vec<&Done<'_>>)| Group {
        name: name.to_owned(),
        completed: jobs.len(),
        share: jobs.iter().map(|done| done.core_time()).sum::<f64>() / all.max(f64::MIN_POSITIVE),
        wait_s: Quantiles::of(jobs.iter().map(|done| done.wait).collect()),
        slowdown: Quantiles::of(jobs.iter().map(|done| done.slowdown()).collect()),
    };
    by_name.into_iter().map(group).collect()
}

/// Jain, Chiu, Hawe, 1984: `(Σx)² / (n·Σx²)`.
fn jain(groups: &[Group]) -> f64 {
    let values = groups.iter().map(|group| group.slowdown.mean);
    let (sum, squares) = values.fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
    if groups.is_empty() { 1.0 } else { sum * sum / (groups.len() as f64 * squares) }
}

fn utilisation(done: &[Done<'_>], run: &Run, makespan_s: f64) -> BTreeMap<String, f64> {
    let amount = |done: &Done<'_>, name: &str| {
        let which = Resource::ALL.into_iter().find(|which| which.code() == name);
        which.map_or(1.0, |which| done.job.demand.of(which) as f64) * done.run
    };
    let part = |(name, capacity): (&String, &u64)| {
        let used: f64 = done.iter().map(|done| amount(done, name)).sum();
        (name.clone(), used / (*capacity as f64 * makespan_s).max(f64::MIN_POSITIVE))
    };
    run.capacity.iter().map(part).collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, jobs, completed, refused, unstarted, out_of_memory, .. } = self;
        writeln!(f, "{name}: {completed} of {jobs} jobs completed")?;
        for (count, what) in [
            (*refused, "refused"),
            (*unstarted, "never started"),
            (*out_of_memory as usize, "out of memory"),
        ] {
            if count > 0 {
                writeln!(f, "  {what:<12} {count}")?;
            }
        }
        writeln!(f, "  waiting      {}", Lengths(&self.wait_s))?;
        let Quantiles { mean, p50, p95, p99, .. } = self.slowdown;
        writeln!(f, "  slowdown     p50 {p50:.2}  p95 {p95:.1}  p99 {p99:.1}  mean {mean:.2}")?;
        writeln!(f, "  makespan     {}", length(self.makespan_s))?;
        let used = self.utilisation.iter();
        let used: Vec<_> =
            used.map(|(name, part)| format!("{name} {:.1} %", 100.0 * part)).collect();
        writeln!(f, "  utilisation  {}", used.join("  "))?;
        for (what, jain, groups) in
            [("tenants", self.jain_tenants, &self.tenants), ("kinds", self.jain_kinds, &self.kinds)]
        {
            writeln!(f, "  {what:<12} Jain index {jain:.3}")?;
            for group in groups.iter().take(20) {
                writeln!(
                    f,
                    "    {:<14} {:>8} jobs  {:>5.1} % of core time  slowdown {:>7.2}  waiting {}",
                    group.name,
                    group.completed,
                    100.0 * group.share,
                    group.slowdown.mean,
                    Lengths(&group.wait_s)
                )?;
            }
        }
        Ok(())
    }
}

struct Lengths<'a>(&'a Quantiles);

impl fmt::Display for Lengths<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quantiles { mean, p50, p95, p99, .. } = *self.0;
        let [p50, p95, p99, mean] = [p50, p95, p99, mean].map(length);
        write!(f, "p50 {p50}  p95 {p95}  p99 {p99}  mean {mean}")
    }
}

/// Seconds for an operator's eye.
pub(super) fn length(seconds: f64) -> String {
    roughly(Duration::from_secs_f64(seconds.max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_nearest_rank() {
        let quantiles = Quantiles::of((1..=200).rev().map(f64::from).collect());
        let Quantiles { mean, p50, p95, p99, max } = quantiles;
        assert_eq!([mean, p50, p95, p99, max], [100.5, 100.0, 190.0, 198.0, 200.0]);
        assert_eq!(Quantiles::of(vec![3.0]).p50, 3.0);
        assert_eq!(Quantiles::of(Vec::new()), Quantiles::default());
    }

    #[test]
    fn jains_index_is_one_if_all_suffer_alike() {
        let group = |mean| Group {
            name: String::new(),
            completed: 1,
            share: 1.0,
            wait_s: Quantiles::default(),
            slowdown: Quantiles { mean, ..Quantiles::default() },
        };
        assert_eq!(jain(&[group(2.0), group(2.0)]), 1.0);
        assert_eq!(jain(&[group(1.0), group(3.0)]), 0.8);
        assert_eq!(jain(&[]), 1.0);
    }
}
