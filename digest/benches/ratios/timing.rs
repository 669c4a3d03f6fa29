//! How long programs take.

use std::{
    fmt, fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What a program took: time on the wall, time of processors, and what it said.
pub(crate) struct Took {
    pub(crate) wall: Duration,
    pub(crate) processors: Duration,
    pub(crate) said: String,
}

impl Took {
    /// One program after the other.
    pub(crate) fn then(&self, next: &Self) -> Self {
        let (wall, processors) = (self.wall + next.wall, self.processors + next.processors);
        Self { wall, processors, said: String::new() }
    }
}

pub(crate) fn timed(command: &mut Command) -> Took {
    let (begun, before) = (Instant::now(), processors());
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    let wall = begun.elapsed();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    Took { wall, processors: processors() - before, said }
}

/// The times of a program that may not be installed.
pub(crate) fn tried(command: &mut Command, runs: usize) -> Option<Vec<Duration>> {
    command.stdout(Stdio::null());
    let mut run = || {
        let begun = Instant::now();
        command.status().ok().filter(|status| status.success()).map(|_| begun.elapsed())
    };
    (0..runs).map(|_| run()).collect()
}

/// The time that processors gave to all children so far, in steps of 10 ms.
fn processors() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks = after_name.split_whitespace().skip(13).take(2).map(|n| n.parse::<u64>().unwrap());
    Duration::from_millis(10 * ticks.sum::<u64>())
}

/// Least, median and greatest.
pub(crate) struct Spread {
    least: Duration,
    pub(crate) median: Duration,
    greatest: Duration,
}

impl Spread {
    pub(crate) fn of(times: impl Iterator<Item = Duration>) -> Self {
        let mut times: Vec<_> = times.collect();
        times.sort();
        let (least, greatest) = (times[0], times[times.len() - 1]);
        Self { least, median: times[times.len() / 2], greatest }
    }

    /// The ratio of the medians.
    pub(crate) fn over(&self, other: &Self) -> f64 {
        self.median.as_secs_f64() / other.median.as_secs_f64()
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [least, median, greatest] =
            [self.least, self.median, self.greatest].map(|time| time.as_secs_f64() * 1e3);
        write!(f, "{least:.0} / {median:.0} / {greatest:.0}")
    }
}
