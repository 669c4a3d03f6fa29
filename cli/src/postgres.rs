//! A private PostgreSQL: the installed server programs, own folder, own socket, no network.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, bail, ensure};
use tokio::process::Command;
use tracing::info;

/// The user that the database knows us by; the socket's folder lets nobody else in.
const USER: &str = "digester";
/// The longest socket path that the system takes is 107 bytes; the file's name needs 14 of them.
const MAX_SOCKET_FOLDER_BYTES: usize = 90;
/// Where Debian puts the server programs of each version.
const DEBIAN_PROGRAMS: &str = "/usr/lib/postgresql";

/// A running cluster. It is stopped by [`Cluster::stop`], and survives this process otherwise: the
/// next start finds it.
pub(crate) struct Cluster {
    programs: PathBuf,
    data: PathBuf,
    sockets: PathBuf,
    account: Option<Account>,
}

/// An unprivileged account: the server refuses to run as root.
#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Cluster {
    /// Starts the cluster in this folder, making it if there is none yet.
    pub(crate) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let home = folder.join("postgres");
        let data = home.join("data");
        let cluster = Self {
            programs: programs(&data)?,
            sockets: sockets(&home),
            account: Account::wanted()?,
            data,
        };
        cluster.prepare(folder, &home)?;
        if !cluster.data.join("PG_VERSION").exists() {
            cluster.make().await?;
        }
        if !cluster.is_running().await {
            cluster.run().await?;
        }
        cluster.make_database().await?;
        info!("the private database runs in {}", home.display());
        Ok(cluster)
    }

    /// The address for clients.
    pub(crate) fn url(&self) -> String {
        format!("postgres:///digester?host={}&user={USER}", self.sockets.display())
    }

    /// Stops the server, letting it put everything in order.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.control(&["-m", "fast", "-w", "stop"]).await.context("stop the database")
    }

    fn prepare(&self, folder: &Path, home: &Path) -> anyhow::Result<()> {
        for made in [home, self.sockets.as_path()] {
            fs::create_dir_all(made).with_context(|| format!("make {}", made.display()))?;
            self.give(made)?;
        }
        fs::set_permissions(&self.sockets, fs::Permissions::from_mode(0o700))?;
        if self.account.is_some() {
            self.open_way(folder)?;
        }
        Ok(())
    }

    /// The unprivileged account must be able to walk to its folder.
    fn open_way(&self, folder: &Path) -> anyhow::Result<()> {
        let mode = fs::metadata(folder)?.permissions().mode();
        fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o011))?;
        for above in folder.ancestors().skip(1) {
            let mode = fs::metadata(above)?.permissions().mode();
            ensure!(
                mode & 0o001 != 0,
                "the database runs as an unprivileged user, who cannot pass {}; choose a folder \
                 elsewhere with --data, or run: chmod o+x {}",
                above.display(),
                above.display()
            );
        }
        Ok(())
    }

    fn give(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(Account { user, group }) = self.account {
            chown(path, Some(user), Some(group))
                .with_context(|| format!("give {} to the database's user", path.display()))?;
        }
        Ok(())
    }

    async fn make(&self) -> anyhow::Result<()> {
        info!("making a database cluster in {}", self.data.display());
        // Made elsewhere and renamed: a cluster that a crash left half made is never started.
        let fresh = self.data.with_extension("new");
        if fresh.exists() {
            fs::remove_dir_all(&fresh).context("remove a half-made cluster")?;
        }
        let mut initdb = self.command("initdb");
        initdb.arg("--pgdata").arg(&fresh).args([
            "--username",
            USER,
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-instructions",
        ]);
        finish(initdb).await.context("make the database cluster")?;
        fs::rename(&fresh, &self.data).context("put the database cluster in its place")
    }

    async fn is_running(&self) -> bool {
        self.control(&["status"]).await.is_ok()
    }

    async fn run(&self) -> anyhow::Result<()> {
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c unix_socket_permissions=0700",
            self.sockets.display()
        );
        let log = self.data.with_extension("log");
        let started = self
            .control(&[
                "-w",
                "-t",
                "120",
                "-l",
                &log.display().to_string(),
                "-o",
                &options,
                "start",
            ])
            .await;
        started.with_context(|| format!("start the database; its log is {}", log.display()))
    }

    async fn make_database(&self) -> anyhow::Result<()> {
        let mut createdb = self.command("createdb");
        createdb.arg("--host").arg(&self.sockets).args(["--username", USER, "digester"]);
        match finish(createdb).await {
            Err(error) if !error.to_string().contains("already exists") => {
                Err(error).context("make the database")
            }
            _ => Ok(()),
        }
    }

    async fn control(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut control = self.command("pg_ctl");
        control.arg("-D").arg(&self.data).args(arguments);
        finish(control).await
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        // The account may not be allowed where we were started.
        command.current_dir("/").env("LC_ALL", "C").stdin(Stdio::null());
        if let Some(Account { user, group }) = self.account {
            command.uid(user).gid(group);
        }
        command
    }
}

/// Runs a program to its end; its last words are the error.
async fn finish(mut command: Command) -> anyhow::Result<()> {
    // A server that was started keeps what it inherits: a file, unlike a pipe, ends with the parent.
    let said = tempfile::tempfile().context("make a temporary file")?;
    command.stdout(said.try_clone()?).stderr(said.try_clone()?);
    let status = command
        .status()
        .await
        .with_context(|| format!("run {:?}", command.as_std().get_program()))?;
    if status.success() {
        return Ok(());
    }
    let mut said = said;
    let text = read_all(&mut said).unwrap_or_default();
    bail!("{}: {}", status, text.trim());
}

fn read_all(file: &mut fs::File) -> io::Result<String> {
    use io::{Read as _, Seek as _};
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// Where the server programs are: of the cluster's own version, or else the newest installed.
fn programs(data: &Path) -> anyhow::Result<PathBuf> {
    let version = fs::read_to_string(data.join("PG_VERSION")).ok();
    let version = version.as_deref().map(str::trim);
    let mut found: Vec<_> = candidates().into_iter().filter(|(_, at)| is_complete(at)).collect();
    found.sort_by_key(|(version, _)| *version);
    let fitting = found.into_iter().rev().find(|(number, _)| {
        version.is_none_or(|wanted| number.is_none_or(|number| number.to_string() == wanted))
    });
    match fitting {
        Some((_, programs)) => Ok(programs),
        None => bail!(
            "PostgreSQL's server programs{} are not installed; on Debian run: \
             apt-get install --yes postgresql   (or name a database with DATABASE_URL)",
            version.map(|version| format!(" of version {version}")).unwrap_or_default()
        ),
    }
}

/// Folders that may have the programs, with their version where the folder tells it.
fn candidates() -> Vec<(Option<u32>, PathBuf)> {
    let debian = fs::read_dir(DEBIAN_PROGRAMS).into_iter().flatten().flatten().map(|entry| {
        let version = entry.file_name().to_str().and_then(|name| name.parse().ok());
        (version, entry.path().join("bin"))
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let elsewhere: Vec<_> = std::env::split_paths(&path).map(|folder| (None, folder)).collect();
    debian.chain(elsewhere).collect()
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres", "createdb"].iter().all(|name| folder.join(name).exists())
}

/// Where the socket goes: beside the data, unless that path is too long for the system.
fn sockets(home: &Path) -> PathBuf {
    let beside = home.join("socket");
    if beside.as_os_str().len() <= MAX_SOCKET_FOLDER_BYTES {
        return beside;
    }
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    home.hash(&mut hasher);
    std::env::temp_dir().join(format!("digester-{:016x}", hasher.finish()))
}

impl Account {
    /// The account to run the server as; none when we are unprivileged ourselves.
    fn wanted() -> anyhow::Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let accounts = fs::read_to_string("/etc/passwd").context("read /etc/passwd")?;
        let found = ["postgres", "nobody"].iter().find_map(|name| Self::named(&accounts, name));
        found.map(Some).context("there is no account `postgres` or `nobody` to run the database as")
    }

    fn named(accounts: &str, name: &str) -> Option<Self> {
        let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
        let line = accounts.lines().map(fields).find(|fields| fields[0] == name)?;
        Some(Self { user: line.get(2)?.parse().ok()?, group: line.get(3)?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "postgresql:x:7:8::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        let account = Account::named(accounts, "postgres").unwrap();
        assert_eq!((account.user, account.group), (101, 104));
        assert!(Account::named(accounts, "nobody").is_none());
    }

    #[test]
    fn a_socket_folder_is_never_too_long_for_the_system() {
        let short = Path::new("/var/lib/digester/postgres");
        assert_eq!(sockets(short), short.join("socket"));
        let long = PathBuf::from("/very".repeat(30));
        let folder = sockets(&long);
        assert!(folder.as_os_str().len() <= MAX_SOCKET_FOLDER_BYTES, "{}", folder.display());
        assert_ne!(folder, sockets(&long.join("other")));
    }
}
