//! A system of its own for each test: two services, their folders, a database.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use schema::{Job, JobEvent, JobStatus, Node, NodeState};
use serde_json::{Value, json};
use sqlx::PgPool;

/// A guard against waiting for ever; no test passes or fails by it alone.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The binary under test.
pub(crate) fn digester() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_digester"));
    command.env_remove("DATABASE_URL").env("RUST_LOG", "info").stdin(Stdio::null());
    command
}

/// Waits until there is something.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}");
        thread::sleep(LOOK_EVERY);
    }
}

/// A process that dies with its test.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    pub(crate) fn terminate(&mut self) {
        self.signal("-TERM");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Two services that know each other, and the folder in which they live.
pub(crate) struct System {
    folder: tempfile::TempDir,
    database_url: String,
    web_port: u16,
    node_port: u16,
    scheme: &'static str,
    /// What of the log is told.
    log: &'static str,
    /// Who asks.
    api_token: Option<String>,
}

/// What the services of [`System::secure`] sign with.
const KEY: &str = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tr";

impl System {
    /// A password that the database of a test does not ask for.
    pub(crate) const DATABASE_PASSWORD: &str = "secret-password-of-the-database";

    pub(crate) fn new(db: &PgPool) -> Self {
        let options = db.connect_options();
        let name = options.get_database().expect("a test has a database");
        let system = Self {
            folder: tempfile::tempdir().unwrap(),
            database_url: with_database(&std::env::var("DATABASE_URL").unwrap(), name),
            web_port: free_port(),
            node_port: free_port(),
            scheme: "http",
            log: "info",
            api_token: None,
        };
        fs::write(system.config(), system.configuration()).unwrap();
        system
    }

    /// Changes a piece of the configuration, before anything is started.
    pub(crate) fn configure(&self, piece: &str, instead: &str) {
        let text = fs::read_to_string(self.config()).unwrap();
        assert!(text.contains(piece), "{piece}");
        fs::write(self.config(), text.replace(piece, instead)).unwrap();
    }

    /// Has both services speak TLS, and sign what they say to each other, before they are started.
    pub(crate) fn secure(&mut self) {
        self.scheme = "https";
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let names = vec!["127.0.0.1".to_owned()];
        let own = rcgen::generate_simple_self_signed(names).unwrap();
        fs::write(at("ca.pem"), own.cert.pem()).unwrap();
        fs::write(at("tls.key"), own.signing_key.serialize_pem()).unwrap();
        for file in [self.key_file(), self.node_key_file()] {
            fs::write(file, KEY).unwrap();
        }
        let text = fs::read_to_string(self.config()).unwrap();
        let text = text.replace("http://", "https://").replace("token = \"of this test\"", "");
        let sections = ["webservice", "service"].map(|role| {
            let (pem, key) = (at("ca.pem"), at("tls.key"));
            format!(
                "[{role}.tls]\ncertificate = {pem:?}\nkey = {key:?}\n[{role}.calls]\nca = {pem:?}\n"
            )
        });
        let node = format!(
            "[webservice.nodes.node-a]\naddress = \"https://127.0.0.1:{}\"\nkey_file = {:?}\n",
            self.node_port,
            self.key_file()
        );
        let named = format!("node = \"node-a\"\nkey_file = {:?}", self.node_key_file());
        let text = text.replace("node = \"node-a\"", &named) + &sections.concat() + &node;
        fs::write(self.config(), text).unwrap();
    }

    /// Where the web service's keys of the node are.
    pub(crate) fn key_file(&self) -> String {
        self.folder.path().join("web.keys").display().to_string()
    }

    /// Where the node's own are.
    pub(crate) fn node_key_file(&self) -> String {
        self.folder.path().join("node.keys").display().to_string()
    }

    /// Has the services log whatever they can.
    pub(crate) fn log_everything(&mut self) {
        self.log = "trace";
    }

    /// Everything that was logged.
    pub(crate) fn logs(&self) -> String {
        ["webservice", "service"].map(|role| fs::read_to_string(self.log(role)).unwrap()).concat()
    }

    /// Asks with this token from now on.
    pub(crate) fn be(&mut self, api_token: &str) {
        self.api_token = Some(api_token.to_owned());
    }

    /// Adds to the configuration, before anything is started.
    pub(crate) fn append(&self, sections: &str) {
        let text = fs::read_to_string(self.config()).unwrap() + sections;
        fs::write(self.config(), text).unwrap();
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("digester.toml")
    }

    fn configuration(&self) -> String {
        let (web, node) = (self.web_port, self.node_port);
        format!(
            r#"
            [webservice]
            listen = "127.0.0.1:{web}"
            token = "of this test"
            [webservice.database]
            url = "{database}"
            max_connections = 5
            [webservice.forward]
            digesters = ["http://127.0.0.1:{node}"]
            max_backoff_seconds = 1
            {service}
            "#,
            database = self.database_url,
            service = self.node_configuration("node-a", node),
        )
    }

    fn node_configuration(&self, name: &str, port: u16) -> String {
        format!(
            r#"
            [service]
            listen = "127.0.0.1:{port}"
            node = "{name}"
            state = "{state}"
            callback = "http://127.0.0.1:{web}"
            token = "of this test"
            [service.limits]
            max_backoff_seconds = 1
            replay_every_seconds = 1
            "#,
            state = self.folder.path().join(name).display(),
            web = self.web_port,
        )
    }

    pub(crate) fn start(&self, role: &str) -> Process {
        self.start_with(role, role, &self.config())
    }

    /// Starts a web service at this port, which goes on for a while when it is told to stop.
    pub(crate) fn start_web(&self, port: u16) -> Process {
        let log = fs::File::options().create(true).append(true).open(self.log("webservice"));
        let mut command = digester();
        command.arg("webservice").arg("--config").arg(self.config()).stderr(log.unwrap());
        command.env("DIGESTER__WEBSERVICE__LISTEN", format!("127.0.0.1:{port}"));
        command.env("DIGESTER__WEBSERVICE__GRACE_SECONDS", "1");
        Process(command.spawn().unwrap())
    }

    /// The port at which the digester services report.
    pub(crate) fn web_port(&self) -> u16 {
        self.web_port
    }

    /// Starts a further digester service, of which the web service is not told.
    pub(crate) fn start_node(&self, name: &str) -> Process {
        let config = self.folder.path().join(name).with_extension("toml");
        fs::write(&config, self.node_configuration(name, free_port())).unwrap();
        self.start_with("service", name, &config)
    }

    fn start_with(&self, role: &str, name: &str, config: &Path) -> Process {
        let log = fs::File::options().create(true).append(true).open(self.log(name)).unwrap();
        let mut command = digester();
        command.arg(role).arg("--config").arg(config).env("RUST_LOG", self.log).stderr(log);
        Process(command.spawn().unwrap())
    }

    /// Waits until these nodes, and no others, are live.
    pub(crate) fn until_live(&self, names: &[&str]) {
        until(&format!("{names:?} are live"), || {
            let nodes: Vec<Node> = serde_json::from_value(self.ask(&["nodes"])?).unwrap();
            let live = nodes.iter().filter(|node| node.state == NodeState::Live);
            live.map(|node| node.id.as_str()).eq(names.iter().copied()).then_some(())
        });
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join(name).with_extension("log")
    }

    /// A question on the command line, answered as JSON.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Option<Value> {
        let Output { stdout, .. } = self.client(arguments);
        serde_json::from_slice(&stdout).ok()
    }

    pub(crate) fn client(&self, arguments: &[&str]) -> Output {
        self.client_plain(&[arguments, &["--json"]].concat())
    }

    /// A question on the command line, answered as it is to people.
    pub(crate) fn client_plain(&self, arguments: &[&str]) -> Output {
        let mut command = digester();
        command.args(arguments).env("RUST_LOG", "off");
        let url = |port| format!("{}://127.0.0.1:{port}", self.scheme);
        command.env("DIGESTER_URL", url(self.web_port));
        command.env("DIGESTER_NODE_URL", url(self.node_port)).env("DIGESTER_NODE_NAME", "node-a");
        if let Some(token) = &self.api_token {
            command.env("DIGESTER_API_TOKEN", token);
        }
        if self.scheme == "https" {
            command.env("DIGESTER_CA", self.folder.path().join("ca.pem"));
        }
        command.output().unwrap()
    }

    /// Submits an instruction for the digester that sleeps, once the web service is there.
    pub(crate) fn submit_sleep(&self, milliseconds: u64) -> String {
        self.submit_order(&json!({"milliseconds": milliseconds}))
    }

    /// Submits this order to the digester that sleeps, once the web service is there.
    pub(crate) fn submit_order(&self, order: &Value) -> String {
        let file = self.folder.path().join("sleep.json");
        fs::write(&file, order.to_string()).unwrap();
        let file = file.display().to_string();
        let job = until("the web service takes an instruction", || {
            self.ask(&["submit", &file, "--kind", "sleep"])
        });
        job["id"].as_str().unwrap().to_owned()
    }

    /// The job and its history, if the web service answers.
    pub(crate) fn show(&self, id: &str) -> Option<(Job, Vec<JobEvent>)> {
        let whole = self.ask(&["show", id])?;
        let job = serde_json::from_value(whole["job"].clone()).unwrap();
        let events = serde_json::from_value(whole["events"].clone()).unwrap();
        Some((job, events))
    }

    /// Waits until the job has come there; a job that settled elsewhere never will.
    pub(crate) fn until_status(&self, id: &str, status: JobStatus) -> (Job, Vec<JobEvent>) {
        until(&format!("job {id} is {status}"), || {
            let (job, events) = self.show(id)?;
            let astray = job.status.is_settled() && job.status != status;
            assert!(!astray, "job {id} is {}: {events:#?}", job.status);
            (job.status == status).then_some((job, events))
        })
    }

    /// How often a line of a service's log says this.
    pub(crate) fn logged(&self, role: &str, text: &str) -> usize {
        let log = fs::File::open(self.log(role)).unwrap();
        BufReader::new(log).lines().filter(|line| line.as_ref().unwrap().contains(text)).count()
    }
}

/// A port that nobody listens at, most likely.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The same database server, another database, and a password that it does not ask for.
fn with_database(url: &str, name: &str) -> String {
    let (server, parameters) = url.split_once('?').unwrap_or((url, ""));
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{name}?{parameters}&password={}", System::DATABASE_PASSWORD)
}
