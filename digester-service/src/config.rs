//! What an operator may set.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use edge::{CallsConfig, KeysConfig, SigningKey, TlsConfig, Token};
use schema::NodeId;
use serde::Deserialize;

pub use crate::{
    apart::{Guard, RunAs, Sandbox},
    digester::Bounds,
    quota::Quota,
};

/// Everything the digester service is told when it starts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to listen.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// How it shows itself to those who call it; plain HTTP when absent.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
    /// Whom it believes when it calls others, and how it shows itself to them.
    #[serde(default)]
    pub calls: CallsConfig,
    /// The name of this node; no two services with the same web service may share one.
    pub node: NodeId,
    /// Where the outcome journal lives; must survive a restart.
    pub state: PathBuf,
    /// Where the web service reaches this node; where it listens when absent.
    #[serde(default)]
    pub advertise: Option<String>,
    /// The web service that is reported to, and asked for what is unsettled at start.
    pub callback: String,
    /// Further callback targets that a job may name.
    #[serde(default)]
    pub allowed_callbacks: Vec<String>,
    /// The secret shared with the web service; without one, the node takes jobs from anybody.
    #[serde(default)]
    pub token: Option<Token>,
    /// The node's own keys, which calls to and from the web service are signed with: the first signs,
    /// all are accepted. With them, the token is not.
    #[serde(default)]
    pub keys: Vec<SigningKey>,
    /// A file with a key on each line, which is read again whenever it changes.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Folders that instructions may read from and write to; none means any, as for one's own
    /// machine.
    #[serde(default)]
    pub roots: Vec<PathBuf>,
    /// When waiting jobs may start.
    #[serde(default)]
    pub regulator: regulator::Strategy,
    /// How much of the disk digests may have.
    #[serde(default)]
    pub quota: Quota,
    /// Has each digest run in a process of its own, that can do little; in the service when absent.
    #[serde(default)]
    pub sandbox: Option<Sandbox>,
    /// How much is taken in, how often is reported, how long is waited.
    #[serde(default)]
    pub limits: Limits,
}

impl Config {
    /// What a digest may use.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            roots: self.roots.clone(),
            threads: self.limits.threads,
            max_file: self.quota.max_file.map(|bytes| bytes.0),
        }
    }

    pub(crate) fn keys(&self) -> KeysConfig {
        KeysConfig { keys: self.keys.clone(), key_file: self.key_file.clone() }
    }
}

const fn default_listen() -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8081)
}

/// The service's bounds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How many jobs the node holds at once, waiting ones included.
    pub held_jobs: usize,
    /// How many bytes of instructions are kept for them; those of further jobs are asked for again
    /// when their turn comes.
    pub held_bytes: usize,
    /// Threads that digest; as many as the machine has cores when absent.
    pub threads: Option<usize>,
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// The shortest time between two reports of one job, in milliseconds.
    pub report_every_ms: u64,
    /// How often the web service is asked for unsettled jobs, in seconds.
    pub replay_every_seconds: u64,
    /// How long running digests may go on after the service was told to stop, in seconds.
    pub drain_seconds: u64,
    /// How long a digest may take to heed the call to stop, and then how long the last outcomes may
    /// take to be delivered, before the process ends, in seconds.
    /// What is not delivered by then is delivered after the next start.
    pub farewell_seconds: u64,
    /// The longest wait before a web service that is away is tried again, in seconds.
    pub max_backoff_seconds: u64,
    /// The longest an attempt may take, in seconds, where the job itself does not say.
    pub deadline_seconds: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            held_jobs: 10_000,
            held_bytes: 32 << 20,
            threads: None,
            // What the web service takes by default, and what it wraps around it.
            max_body_bytes: (16 << 20) + (64 << 10),
            report_every_ms: 250,
            replay_every_seconds: 30,
            drain_seconds: 30,
            farewell_seconds: 5,
            max_backoff_seconds: 10,
            deadline_seconds: None,
        }
    }
}

impl Limits {
    pub(crate) const fn report_every(&self) -> Duration {
        Duration::from_millis(self.report_every_ms)
    }

    pub(crate) const fn replay_every(&self) -> Duration {
        Duration::from_secs(self.replay_every_seconds)
    }

    pub(crate) const fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    pub(crate) const fn farewell(&self) -> Duration {
        Duration::from_secs(self.farewell_seconds)
    }

    pub(crate) const fn max_backoff(&self) -> Duration {
        Duration::from_secs(self.max_backoff_seconds)
    }
}
