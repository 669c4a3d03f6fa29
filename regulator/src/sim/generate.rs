use std::time::Duration;

use super::{Random, TraceJob};
use crate::{AskId, Demand, Moment};

/// Makes up a trace: Poisson arrivals of files whose sizes are heavy-tailed.
///
/// Sizes follow a Pareto law of shape 0.45 from 1 MiB to 50 GiB, so most are small and most bytes
/// are in few. A file is read at about 50 MB/s, and a job takes a second besides; what is expected
/// is up to twice what it takes. Large files ask for more cores and memory. The first tenant sends
/// half of all jobs, the second a quarter, and so on.
#[derive(Clone, Debug, PartialEq)]
pub struct Generator {
    /// How many jobs.
    pub jobs: usize,
    /// The mean time between two submissions.
    pub every: Duration,
    /// How many tenants.
    pub tenants: usize,
    /// How many data sets they load into; 0: none has a key.
    pub keys: usize,
    /// The same seed makes the same trace.
    pub seed: u64,
}

impl Default for Generator {
    fn default() -> Self {
        Self { jobs: 1000, every: Duration::from_secs(5), tenants: 4, keys: 200, seed: 1 }
    }
}

const CROPS: [&str; 8] =
    ["maize", "wheat", "rice", "sorghum", "chickpea", "barley", "cassava", "millet"];
const MIB: f64 = 1024.0 * 1024.0;
const GIB: f64 = 1024.0 * MIB;
const BYTES_PER_SECOND: f64 = 50e6;

impl Generator {
    /// The trace, in order of submission.
    pub fn trace(&self) -> Vec<TraceJob> {
        let mut random = Random::new(self.seed);
        let mut at = 0.0;
        let job = |index| {
            at += random.exponential(self.every.as_secs_f64());
            self.job(index, Moment::from_secs_f64(at), &mut random)
        };
        (0..self.jobs).map(job).collect()
    }

    fn job(&self, index: usize, submitted: Moment, random: &mut Random) -> TraceJob {
        let size = random.pareto(0.45, MIB, 50.0 * GIB);
        let runtime = 1.0 + size / BYTES_PER_SECOND * (0.8 + 0.4 * random.unit());
        let expected = runtime * (1.0 + random.unit());
        let tenant = (random.bits().trailing_zeros() as usize).min(self.tenants.max(1) - 1);
        let key = random.below(self.keys as u64);
        TraceJob {
            id: AskId(1 + index as u128),
            submitted,
            runtime: Duration::from_micros((runtime * 1e6) as u64),
            expected: Some(Duration::from_micros((expected * 1e6) as u64)),
            kind: if size > GIB { "matrix" } else { "loader" }.to_owned(),
            tenant: name(tenant),
            key: (self.keys > 0).then(|| format!("set {key}")),
            priority: 0,
            demand: demand(size),
            peak_memory: None,
            size: size as u64,
        }
    }
}

fn name(tenant: usize) -> String {
    CROPS.get(tenant).map_or_else(|| format!("crop {}", 1 + tenant), |crop| (*crop).to_owned())
}

fn demand(size: f64) -> Demand {
    let cores = if size > GIB { 4 } else { 1 };
    let memory = (64.0 * MIB + 0.25 * size).min(6.0 * GIB);
    Demand { cpu_milli: 1000 * cores, memory: memory as u64, scratch: size as u64, io: 1 }
}
