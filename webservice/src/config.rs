//! What an operator may set.

use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, time::Duration};

use edge::{CallsConfig, KeysConfig, SigningKey, TlsConfig, Token};
use schema::NodeId;
use serde::Deserialize;

use crate::{access::AccessConfig, gobii::GobiiConfig, notify::NotificationConfig};

/// Everything the web service is told when it starts.
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
    /// The database.
    pub database: DatabaseConfig,
    /// Who executes what is submitted.
    #[serde(default)]
    pub forward: ForwardConfig,
    /// How long what a node has is its own when nothing is heard of it.
    #[serde(default)]
    pub lease: LeaseConfig,
    /// For how long is kept what has come to its end.
    #[serde(default)]
    pub retention: RetentionConfig,
    /// The secret shared with the digester services; without one, callbacks are open to all.
    #[serde(default)]
    pub token: Option<Token>,
    /// Digester services with keys of their own, by name.
    #[serde(default)]
    pub nodes: BTreeMap<NodeId, NodeConfig>,
    /// Who may do what; without it, the service is open to all who reach it.
    #[serde(default)]
    pub access: Option<AccessConfig>,
    /// The largest request body, in bytes.
    #[serde(default = "default_max_body_bytes")]
    pub max_body_bytes: usize,
    /// How many histories may be followed, and pages kept up to date, at once.
    #[serde(default = "default_max_streams")]
    pub max_streams: usize,
    /// How long requests are still taken after the service was told to stop, in seconds: as long as
    /// whoever sends them may need to see that it is not ready any more.
    #[serde(default)]
    pub grace_seconds: u64,
    /// Who may be told of the ends of jobs; nobody when absent.
    #[serde(default)]
    pub notifications: Option<NotificationConfig>,
    /// Whether the files that jobs wrote can be had through this service, by whoever may read them.
    #[serde(default)]
    pub downloads: bool,
    /// Folders that instructions may read from and write to; none means any.
    #[serde(default)]
    pub roots: Vec<PathBuf>,
    /// GOBii's contract, where it is to be spoken.
    #[serde(default)]
    pub gobii: Option<GobiiConfig>,
}

const fn default_listen() -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080)
}

impl Config {
    /// How many histories may be followed at once when nothing is said: half of the connections.
    pub const MAX_STREAMS: usize = 256;
    /// The largest request body when nothing is said.
    pub const MAX_BODY_BYTES: usize = 16 << 20;
}

const fn default_max_body_bytes() -> usize {
    Config::MAX_BODY_BYTES
}

const fn default_max_streams() -> usize {
    Config::MAX_STREAMS
}

/// A digester service with keys of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// Where it takes jobs in, whatever it says itself.
    pub address: String,
    /// The keys that calls are signed with. The first signs, all are accepted.
    #[serde(default)]
    pub keys: Vec<SigningKey>,
    /// A file with a key on each line, which is read again whenever it changes.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
}

impl NodeConfig {
    pub(crate) fn keys(&self) -> KeysConfig {
        KeysConfig { keys: self.keys.clone(), key_file: self.key_file.clone() }
    }
}

/// For how long is kept what has come to its end.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Jobs that settled more days ago are forgotten, with all that tells of them; for ever when
    /// absent.
    pub days: Option<u32>,
    /// How many jobs are forgotten at once.
    pub batch: u32,
    /// Nodes that were last heard more days ago are forgotten, unless jobs are left with them.
    pub node_days: u32,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { days: None, batch: 500, node_days: 30 }
    }
}

/// Where the tables are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `postgres://user:password@host:port/name`.
    pub url: DatabaseUrl,
    /// How many connections at most.
    #[serde(default = "default_max_connections")]
    pub max_connections: u32,
    /// How long a statement may take, in seconds; 0: as long as it takes.
    #[serde(default = "default_statement_seconds")]
    pub statement_seconds: u64,
    /// How long a request waits for a connection before it is told to come back.
    #[serde(default = "default_acquire_seconds")]
    pub acquire_seconds: u64,
}

impl DatabaseConfig {
    /// A database at this address, with the usual bounds.
    #[must_use]
    pub const fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            max_connections: default_max_connections(),
            statement_seconds: default_statement_seconds(),
            acquire_seconds: default_acquire_seconds(),
        }
    }

    pub(crate) const fn acquire_timeout(&self) -> Duration {
        Duration::from_secs(self.acquire_seconds)
    }
}

const fn default_max_connections() -> u32 {
    20
}

const fn default_statement_seconds() -> u64 {
    30
}

const fn default_acquire_seconds() -> u64 {
    5
}

/// A database address. It may hold a password, and never shows itself.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes the address.
    #[must_use]
    pub const fn new(url: String) -> Self {
        Self(url)
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

/// When a node that is not heard any more loses what it has. Every web service with the same
/// database must be told the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeaseConfig {
    /// How long what a node has is its own after it was last heard, in seconds.
    pub seconds: u64,
    /// How many attempts at a job may be cut short, by a crash or a lapsed lease, before the job is
    /// given up.
    pub max_cut_short: u32,
}

impl LeaseConfig {
    pub(crate) fn length(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1))
    }

    /// How often the leases are looked at.
    pub(crate) fn scan(&self) -> Duration {
        self.length() / 8
    }
}

impl Default for LeaseConfig {
    fn default() -> Self {
        // Heard every 2 s, looked at every second: its jobs run again within 10 s of a crash.
        Self { seconds: 8, max_cut_short: 5 }
    }
}

/// How submitted jobs get to the digester services.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForwardConfig {
    /// Addresses of digester services that do not make themselves known; those that do are asked
    /// where they say they are. Each job goes to the least loaded that serves it.
    pub digesters: Vec<String>,
    /// Where the digester services report; this service's own address when absent.
    pub callback: Option<String>,
    /// How often to look for jobs that nobody announced, in seconds.
    pub poll_seconds: u64,
    /// How many jobs are handed over at once, at most.
    pub batch: u32,
    /// The longest wait before a digester service that is down or full is tried again, in seconds.
    pub max_backoff_seconds: u64,
    /// The longest an attempt may take, in seconds; unlimited when absent.
    pub deadline_seconds: Option<u64>,
}

impl Default for ForwardConfig {
    fn default() -> Self {
        Self {
            digesters: Vec::new(),
            callback: None,
            poll_seconds: 2,
            batch: 64,
            max_backoff_seconds: 10,
            deadline_seconds: None,
        }
    }
}
