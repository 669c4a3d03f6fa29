//! A PostgreSQL server: one that is given, or one of our own that may be broken.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use super::Database;

/// Where Debian puts the server programs of each version.
const DEBIAN_PROGRAMS: &str = "/usr/lib/postgresql";
/// The user that the server knows us by.
const USER: &str = "loadtest";

/// A server, and how to reach it.
pub(crate) struct Cluster {
    url: String,
    own: Option<Own>,
}

/// A server of our own, in a folder that goes with it.
struct Own {
    home: tempfile::TempDir,
    programs: PathBuf,
    account: Option<(u32, u32)>,
}

impl Cluster {
    /// The server that this address names.
    pub(crate) const fn given(url: String) -> Self {
        Self { url, own: None }
    }

    /// Makes and starts a server as its authors ship it: every commit is on disk when it returns.
    pub(crate) fn durable() -> anyhow::Result<Self> {
        Self::durable_in(&std::env::temp_dir())
    }

    /// The same, with its data somewhere in this folder.
    pub(crate) fn durable_in(folder: &Path) -> anyhow::Result<Self> {
        let own = Own {
            home: tempfile::Builder::new().prefix("loadtest-").tempdir_in(folder)?,
            programs: programs()?,
            account: account()?,
        };
        own.make()?;
        own.start()?;
        let url = format!("postgres:///postgres?host={}&user={USER}", own.home().display());
        Ok(Self { url, own: Some(own) })
    }

    /// Makes a database of this name.
    pub(crate) async fn database(&self, name: &str) -> anyhow::Result<Database> {
        Database::make(&self.url, name).await
    }

    /// Whether the server may be broken.
    pub(crate) const fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Breaks the server off in the middle of everything, and starts it again.
    pub(crate) fn restart(&self) -> anyhow::Result<()> {
        let own = self.own.as_ref().context("the server is not ours to restart")?;
        own.control(&["--mode", "immediate", "stop"])?;
        own.start()
    }

    /// Whether the server still runs; one that is not ours is believed to.
    pub(crate) fn runs(&self) -> bool {
        self.own.as_ref().is_none_or(|own| own.control(&["status"]).is_ok())
    }

    /// Starts the server that ended by itself.
    pub(crate) fn start_again(&self) -> anyhow::Result<()> {
        self.own.as_ref().context("the server is not ours to start")?.start()
    }
}

/// The program that measures what the server can do at best.
pub(crate) fn pgbench() -> anyhow::Result<PathBuf> {
    Ok(programs()?.join("pgbench"))
}

impl Own {
    fn home(&self) -> &Path {
        self.home.path()
    }

    fn make(&self) -> anyhow::Result<()> {
        fs::set_permissions(self.home(), fs::Permissions::from_mode(0o755))?;
        if let Some((user, group)) = self.account {
            std::os::unix::fs::chown(self.home(), Some(user), Some(group))?;
        }
        let data = self.home().join("data");
        let data = data.to_str().context("the folder's name is text")?;
        self.run(
            "initdb",
            &[
                "--pgdata",
                data,
                "--username",
                USER,
                "--auth",
                "trust",
                "--encoding",
                "UTF8",
                "--no-locale",
                "--no-instructions",
            ],
        )
    }

    fn start(&self) -> anyhow::Result<()> {
        let home = self.home().display();
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{home}' -c max_connections=200"
        );
        let log = format!("{home}/log");
        self.control(&["--log", &log, "--options", &options, "--wait", "start"])
    }

    fn control(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let data = format!("{}/data", self.home().display());
        self.run("pg_ctl", &[&["--pgdata", &data], arguments].concat())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).env("LC_ALL", "C").current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        let status = command.status().with_context(|| format!("start {program}"))?;
        ensure!(status.success(), "{program} {}: {status}", arguments.join(" "));
        Ok(())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        drop(self.control(&["--mode", "immediate", "stop"]));
    }
}

/// The folder with the newest server programs.
fn programs() -> anyhow::Result<PathBuf> {
    let folders = fs::read_dir(DEBIAN_PROGRAMS).into_iter().flatten().flatten();
    let versions = folders.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    let newest = versions.filter(|(_, folder)| folder.join("initdb").exists()).max();
    let (_, folder) = newest.context("PostgreSQL's server programs are not installed")?;
    Ok(folder)
}

/// The unprivileged account that a root's server runs as.
fn account() -> anyhow::Result<Option<(u32, u32)>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd").context("read /etc/passwd")?;
    let named = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(|field| field.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    };
    let found = named("postgres").or_else(|| named("nobody"));
    found.map(Some).context("there is no account `postgres` or `nobody`")
}
