//! Web service, nodes, database and the roads between them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use uuid::Uuid;

use super::{Cluster, Database, Environment, Process, Proxy, Wire, address::free_port, until};
use crate::dice::Dice;

/// How long a service may take to answer after its start.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// What the configuration of a node ends with whose digests have processes of their own.
const APART: &str = "deadline_seconds = 8\n[service.sandbox]\nmemory = \"64 MiB\"\ntrials = true\n";

/// What differs from one system to the next.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How many digester services there are.
    pub(crate) nodes: usize,
    /// How many jobs a node runs at once.
    pub(crate) at_once: u32,
    /// How many jobs a node holds.
    pub(crate) held_jobs: u32,
    /// How many attempts of a job a crash may cut short.
    pub(crate) max_cut_short: u32,
    /// The longest wait before somebody who is away is tried again, in seconds.
    pub(crate) max_backoff_seconds: u32,
    /// How often a node asks for what is unsettled, in seconds.
    pub(crate) replay_every_seconds: u32,
    /// How long running digests may go on after SIGTERM, in seconds.
    pub(crate) drain_seconds: u32,
    /// How long a node is believed to live when nothing is heard of it, in seconds.
    pub(crate) lease_seconds: u32,
    /// Whether there are proxies between the services.
    pub(crate) proxied: bool,
    /// Whether digests have processes of their own, with little memory and little time.
    pub(crate) apart: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            nodes: 1,
            at_once: 16,
            held_jobs: 200_000,
            max_cut_short: 1_000_000,
            max_backoff_seconds: 1,
            replay_every_seconds: 1,
            drain_seconds: 5,
            lease_seconds: 8,
            proxied: false,
            apart: false,
        }
    }
}

/// A system of its own. Its processes end when it is dropped.
pub(crate) struct System {
    /// The database.
    pub(crate) database: Database,
    /// The web service, while it runs.
    pub(crate) web: Option<Process>,
    /// The digester services, those that run.
    pub(crate) nodes: Vec<Node>,
    /// What nodes call when they report.
    pub(crate) to_web: Option<Proxy>,
    /// What the web service is told when it starts.
    pub(crate) web_environment: Environment,
    /// What the web service is.
    pub(crate) web_digester: PathBuf,
    folder: PathBuf,
    digester: PathBuf,
    web_port: u16,
    token: String,
    settings: Settings,
}

/// A digester service.
pub(crate) struct Node {
    /// Its name.
    pub(crate) name: String,
    /// Its process, while it runs.
    pub(crate) process: Option<Process>,
    /// What the web service calls.
    pub(crate) to_node: Option<Proxy>,
    /// What it is told when it starts.
    pub(crate) environment: Environment,
    /// Which binary it is.
    pub(crate) digester: PathBuf,
    port: u16,
}

impl System {
    /// Makes a system in this folder; nothing runs yet.
    pub(crate) async fn make(
        digester: &Path,
        cluster: &Cluster,
        folder: &Path,
        settings: Settings,
        dice: &mut Dice,
    ) -> anyhow::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("loadtest_{}_{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        Self::on(cluster.database(&name).await?, digester, folder, settings, dice).await
    }

    /// Makes a system that uses this database.
    pub(crate) async fn on(
        database: Database,
        digester: &Path,
        folder: &Path,
        settings: Settings,
        dice: &mut Dice,
    ) -> anyhow::Result<Self> {
        let mut system = Self {
            database,
            web: None,
            nodes: Vec::new(),
            to_web: None,
            web_environment: Environment::new(),
            web_digester: digester.to_owned(),
            folder: folder.to_owned(),
            digester: digester.to_owned(),
            web_port: free_port()?,
            token: Uuid::new_v4().to_string(),
            settings,
        };
        fs::create_dir_all(folder).context("make the system's folder")?;
        if system.settings.proxied {
            system.to_web = Some(Proxy::start(system.web_port, dice.fork()).await?);
        }
        for number in 0..system.settings.nodes {
            let node = system.make_node(number, dice).await?;
            system.nodes.push(node);
        }
        system.configure()?;
        Ok(system)
    }

    async fn make_node(&self, number: usize, dice: &mut Dice) -> anyhow::Result<Node> {
        let port = free_port()?;
        let to_node = match self.settings.proxied {
            true => Some(Proxy::start(port, dice.fork()).await?),
            false => None,
        };
        let name = format!("node-{}", number + 1);
        let (environment, digester) = (Environment::new(), self.digester.clone());
        Ok(Node { name, process: None, to_node, environment, digester, port })
    }

    fn configure(&self) -> anyhow::Result<()> {
        fs::write(self.folder.join("web.toml"), self.web_configuration())?;
        for node in &self.nodes {
            let path = self.folder.join(&node.name).with_extension("toml");
            fs::write(path, self.node_configuration(node))?;
        }
        Ok(())
    }

    fn web_configuration(&self) -> String {
        let ports = self.nodes.iter().map(|node| node.called_at());
        let digesters: Vec<_> = ports.map(|port| format!("http://127.0.0.1:{port}")).collect();
        format!(
            "[webservice]\nlisten = \"127.0.0.1:{}\"\ntoken = \"{}\"\n\
             [webservice.database]\nurl = \"{}\"\n\
             [webservice.forward]\ndigesters = {digesters:?}\ncallback = \"{}\"\n\
             max_backoff_seconds = {}\n\
             [webservice.lease]\nmax_cut_short = {}\nseconds = {}\n",
            self.web_port,
            self.token,
            self.database.url,
            self.callback(),
            self.settings.max_backoff_seconds,
            self.settings.max_cut_short,
            self.settings.lease_seconds,
        )
    }

    fn node_configuration(&self, node: &Node) -> String {
        let Settings { at_once, held_jobs, max_backoff_seconds, .. } = self.settings;
        format!(
            "[service]\nlisten = \"127.0.0.1:{}\"\nadvertise = \"http://127.0.0.1:{}\"\n\
             node = \"{}\"\nstate = \"{}\"\n\
             callback = \"{}\"\ntoken = \"{}\"\n\
             [service.regulator]\ngates = [{{ fixed = {{ at_once = {at_once} }} }}]\n\
             [service.limits]\nheld_jobs = {held_jobs}\n\
             max_backoff_seconds = {max_backoff_seconds}\nreplay_every_seconds = {}\n\
             drain_seconds = {}\n{}",
            node.port,
            node.called_at(),
            node.name,
            self.state(&node.name).display(),
            self.callback(),
            self.token,
            self.settings.replay_every_seconds,
            self.settings.drain_seconds,
            if self.settings.apart { APART } else { "" },
        )
    }

    fn callback(&self) -> String {
        let port = self.to_web.as_ref().map_or(self.web_port, |proxy| proxy.port);
        format!("http://127.0.0.1:{port}")
    }

    /// Where a node keeps what must survive a restart.
    pub(crate) fn state(&self, node: &str) -> PathBuf {
        self.folder.join(node)
    }

    /// Starts everything, and waits until it answers.
    pub(crate) async fn start(&mut self) -> anyhow::Result<()> {
        self.start_web()?;
        self.until_web_is_ready().await?;
        for number in 0..self.nodes.len() {
            self.start_node(number)?;
        }
        for number in 0..self.nodes.len() {
            self.until_node_is_ready(number).await?;
        }
        Ok(())
    }

    /// Starts the web service.
    pub(crate) fn start_web(&mut self) -> anyhow::Result<()> {
        let process =
            self.process(&self.web_digester, "webservice", "web", &self.web_environment)?;
        self.web = Some(process);
        Ok(())
    }

    /// Starts a digester service.
    pub(crate) fn start_node(&mut self, number: usize) -> anyhow::Result<()> {
        let node = &self.nodes[number];
        let process = self.process(&node.digester, "service", &node.name, &node.environment)?;
        self.nodes[number].process = Some(process);
        Ok(())
    }

    fn process(
        &self,
        digester: &Path,
        role: &str,
        name: &str,
        environment: &Environment,
    ) -> anyhow::Result<Process> {
        let config = self.folder.join(format!("{name}.toml"));
        Process::start(digester, role, &config, &self.log(name), environment)
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// How many lines of a node's log say this.
    pub(crate) fn logged(&self, node: usize, what: &str) -> anyhow::Result<usize> {
        let log = fs::read_to_string(self.log(&self.nodes[node].name))?;
        Ok(log.lines().filter(|line| line.contains(what)).count())
    }

    /// Makes sample data in a folder of its own, as the binary under test does; returns an
    /// instruction to digest it, and where the digest goes.
    pub(crate) fn sample(&self, name: &str) -> anyhow::Result<(String, PathBuf)> {
        let folder = self.folder.join(name);
        let mut command = Command::new(&self.digester);
        command.arg("sample").arg(&folder).args(["--markers", "10", "--samples", "50"]);
        let output = command.output().context("make sample data")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let instruction = fs::read_to_string(folder.join("samples.json"))?;
        Ok((instruction, folder.join("digest")))
    }

    /// How many attempts were cut short.
    pub(crate) async fn cut_short(&self) -> anyhow::Result<i64> {
        let look = "select coalesce(sum(cut_short), 0)::bigint from job";
        Ok(sqlx::query_scalar(look).fetch_one(self.database.pool()).await?)
    }

    /// Waits until the web service can carry out requests.
    pub(crate) async fn until_web_is_ready(&self) -> anyhow::Result<()> {
        let mut wire = self.wire();
        ready("the web service is ready", &mut wire).await
    }

    /// Waits until a digester service takes jobs in.
    pub(crate) async fn until_node_is_ready(&self, number: usize) -> anyhow::Result<()> {
        let mut wire = self.node_wire(number);
        ready("the digester service is ready", &mut wire).await
    }

    /// A client of the web service; no proxy is between.
    pub(crate) fn wire(&self) -> Wire {
        Wire::new(self.web_port, &self.token)
    }

    /// A client of a digester service; no proxy is between.
    pub(crate) fn node_wire(&self, number: usize) -> Wire {
        Wire::new(self.nodes[number].port, &self.token)
    }

    /// Waits until every job is settled.
    pub(crate) async fn until_settled(&self, patience: Duration) -> anyhow::Result<()> {
        until("every job is settled", patience, async || {
            Ok(self.database.is_settled().await?.then_some(()))
        })
        .await
    }

    /// Ends every process in good order; what they counted is with the database then.
    pub(crate) async fn stop(&mut self, patience: Duration) -> anyhow::Result<()> {
        for node in &mut self.nodes {
            if let Some(process) = node.process.take() {
                process.terminate(patience).await.context("stop a digester service")?;
            }
        }
        if let Some(process) = self.web.take() {
            process.terminate(patience).await.context("stop the web service")?;
        }
        Ok(())
    }
}

impl Node {
    fn called_at(&self) -> u16 {
        self.to_node.as_ref().map_or(self.port, |proxy| proxy.port)
    }
}

async fn ready(what: &str, wire: &mut Wire) -> anyhow::Result<()> {
    until(what, START_PATIENCE, async || {
        let answer = wire.call("GET", "/health/ready", b"").await;
        Ok(answer.is_ok_and(|answer| answer.status == 200).then_some(()))
    })
    .await
}
