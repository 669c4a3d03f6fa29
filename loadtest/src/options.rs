//! What every measurement is told.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, ensure};

use crate::system::Cluster;

/// Where the parts are, and how to tell the result.
#[derive(Clone, clap::Args)]
pub(crate) struct Common {
    /// The binary under test; the one beside this one when absent.
    #[arg(long, value_name = "FILE")]
    digester: Option<PathBuf>,
    /// A database server to make databases in.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Start a server of our own even so, with the settings its authors ship.
    #[arg(long)]
    durable: bool,
    /// Keep the logs and state of the services whatever happens.
    #[arg(long)]
    keep: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Common {
    /// The server: the one that is given, or one of our own.
    pub(crate) fn cluster(&self) -> anyhow::Result<Cluster> {
        match &self.database_url {
            Some(url) if !self.durable => Ok(Cluster::given(url.clone())),
            _ => Cluster::durable(),
        }
    }

    /// The binary under test.
    pub(crate) fn digester(&self) -> anyhow::Result<PathBuf> {
        let beside = || Ok::<_, anyhow::Error>(std::env::current_exe()?.with_file_name("digester"));
        let path = self.digester.clone().map_or_else(beside, Ok)?;
        ensure!(path.exists(), "{} is not there; cargo build -p cli makes it", path.display());
        fs::canonicalize(path).context("find the binary")
    }

    /// A folder for logs and state.
    pub(crate) fn folder(&self, purpose: &str) -> anyhow::Result<PathBuf> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let folder = std::env::temp_dir().join(format!("loadtest-{purpose}-{now}"));
        fs::create_dir_all(&folder).context("make a folder for logs")?;
        Ok(folder)
    }

    /// Does away with a folder that nobody will want to look into.
    pub(crate) fn discard(&self, folder: &Path) -> anyhow::Result<()> {
        match self.keep {
            true => Ok(()),
            false => fs::remove_dir_all(folder).context("remove the folder of the logs"),
        }
    }
}
