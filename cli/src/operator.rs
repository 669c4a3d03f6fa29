//! `digester regulator`: the regulator of a running node, and strategies tried beforehand.

use std::{
    fs,
    io::{self, BufWriter},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use ::regulator::{
    AskId, Change, Demand, Moment, Strategy,
    sim::{TraceJob, write},
};
use anyhow::{Context as _, bail};
use edge::{Credentials, KeysConfig, Peer, Signer, Token, Way};
use jiff::Timestamp;
use reqwest::{Method, Url};
use schema::{Job, JobFilter, Limit, NodeId};
use serde_json::{Value, json};

use crate::{
    client::api::{self, Server, Trust},
    data::{self, say},
    regulator,
};

/// How many jobs a trace has at most, when nothing is said.
const TRACE_JOBS: usize = 100_000;

/// What can be done with regulators.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Show the strategy in force, its budgets, and how much runs and waits.
    Show(Node),
    /// Change the strategy: running jobs go on, waiting ones wait on.
    Set {
        /// The strategy, as TOML or JSON.
        file: PathBuf,
        #[command(flatten)]
        node: Node,
    },
    /// Start nothing; what runs goes on.
    Pause(Node),
    /// Start nothing and take nothing in; what runs goes on.
    Drain(Node),
    /// Start again what the strategy admits.
    Resume(Node),
    /// Write the settled jobs as a trace that can be simulated.
    Trace(Trace),
    #[command(flatten)]
    Offline(regulator::Command),
}

/// Which node, and the right to speak to it.
#[derive(clap::Args)]
pub(crate) struct Node {
    /// The digester service.
    #[arg(long, env = "DIGESTER_NODE_URL", default_value = "http://127.0.0.1:8081")]
    node: Url,
    /// The token of the services; that of `digester up` is found by itself.
    #[arg(long, env = "DIGESTER_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The node's key file, where it wants calls signed.
    #[arg(long, env = "DIGESTER_NODE_KEY_FILE", value_name = "FILE", requires = "name")]
    key_file: Option<PathBuf>,
    /// The node's name, which is signed, too.
    #[arg(long, env = "DIGESTER_NODE_NAME")]
    name: Option<NodeId>,
    #[command(flatten)]
    trust: Trust,
    /// The data folder of `digester up`.
    #[arg(long, env = "DIGESTER_DATA")]
    data: Option<PathBuf>,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

/// Which jobs make a trace.
#[derive(clap::Args)]
pub(crate) struct Trace {
    #[command(flatten)]
    server: Server,
    /// How many jobs at most, the newest.
    #[arg(long, default_value_t = TRACE_JOBS)]
    jobs: usize,
}

pub(crate) async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Show(node) => show(&node.ask(Method::GET, "regulator", None).await?, node.json)?,
        Command::Set { file, node } => {
            // Read here, so that a slip is told with its line.
            let strategy = serde_json::to_value(regulator::strategy(&file)?)?;
            let change = node.ask(Method::PUT, "regulator", Some(strategy)).await?;
            show_change(&serde_json::from_value(change)?, node.json)?;
        }
        Command::Pause(node) => set_mode(&node, "paused").await?,
        Command::Drain(node) => set_mode(&node, "draining").await?,
        Command::Resume(node) => set_mode(&node, "open").await?,
        Command::Trace(args) => trace(args).await?,
        Command::Offline(command) => command.run()?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn set_mode(node: &Node, mode: &str) -> anyhow::Result<()> {
    let state = node.ask(Method::PUT, "regulator/mode", Some(json!({ "mode": mode }))).await?;
    show(&state, node.json)
}

fn show(state: &Value, json: bool) -> anyhow::Result<()> {
    if json {
        return say(&serde_json::to_string_pretty(state)?);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    say(&format!("mode      {}", text(&state["mode"])))?;
    say(&format!("running   {}", state["running"]))?;
    say(&format!("waiting   {}", state["waiting"]))?;
    for gate in state["gates"].as_array().into_iter().flatten() {
        say(&format!("{:9} {}", text(&gate["name"]), text(&gate["text"])))?;
    }
    let strategy: Strategy = serde_json::from_value(state["strategy"].clone())?;
    say("\nstrategy")?;
    strategy.to_toml().lines().try_for_each(|line| say(&format!("  {line}")))
}

fn show_change(change: &Change, json: bool) -> anyhow::Result<()> {
    if json {
        return say(&serde_json::to_string_pretty(change)?);
    }
    say(if change.changed { "the strategy is in force" } else { "that strategy was in force" })?;
    for (job, never) in &change.set_aside {
        say(&format!("job {job} can never start under it: {never}"))?;
    }
    Ok(())
}

impl Node {
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let url = format!("{}/{path}", self.node.as_str().trim_end_matches('/'));
        let peer = Peer::new(self.trust.calls()?, self.credentials()?);
        let mut request = peer.request(method, &url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.with_context(|| format!("{url} does not answer"))?;
        api::read(response, "the node").await
    }

    fn credentials(&self) -> anyhow::Result<Credentials> {
        let (Some(key_file), Some(name)) = (&self.key_file, &self.name) else {
            return Ok(self.token().map(Token::new).into());
        };
        let keys = KeysConfig { key_file: Some(key_file.clone()), ..KeysConfig::default() };
        Ok(Credentials::Signed(Signer::new(name.clone(), Way::ToNode, keys.load()?)))
    }

    fn token(&self) -> Option<String> {
        let kept = || {
            let folder = self.data.clone().unwrap_or_else(data::default_folder);
            fs::read_to_string(data::token_file(&folder)).ok()
        };
        self.token.clone().or_else(kept)
    }
}

/// Writes the newest settled jobs, the oldest of them first.
async fn trace(args: Trace) -> anyhow::Result<()> {
    let api = args.server.api()?;
    let mut filter =
        JobFilter { settled: Some(true), limit: Some(Limit::MOST), ..JobFilter::default() };
    let mut jobs = Vec::new();
    loop {
        let page = api.jobs(&filter).await?;
        jobs.extend(page.items);
        filter.after = page.next.and_then(|next| next.parse().ok());
        if filter.after.is_none() || jobs.len() >= args.jobs {
            break;
        }
    }
    jobs.truncate(args.jobs);
    jobs.reverse();
    let Some(begin) = jobs.first().map(|job| job.submitted_at) else {
        bail!("there are no settled jobs yet");
    };
    let trace: Vec<_> = jobs.iter().filter_map(|job| trace_job(job, begin)).collect();
    write(&trace, BufWriter::new(io::stdout().lock())).context("write the trace")
}

/// A job that ran, as the simulator sees it.
fn trace_job(job: &Job, begin: Timestamp) -> Option<TraceJob> {
    let seconds = job.submitted_at.duration_since(begin).as_secs_f64();
    let runtime = job.settled_at?.duration_since(job.started_at?);
    let told = job.demand.clone().unwrap_or_else(untold);
    Some(TraceJob {
        id: AskId(job.id.0.as_u128()),
        submitted: Moment::from_secs_f64(seconds),
        runtime: Duration::try_from(runtime).unwrap_or_default(),
        expected: None,
        kind: job.kind.to_string(),
        tenant: job.tenant.clone().unwrap_or_else(|| "all".to_owned()),
        key: told.exclusive,
        priority: 0,
        demand: Demand {
            cpu_milli: told.cpu_milli,
            memory: told.memory,
            scratch: told.scratch,
            io: told.io,
        },
        peak_memory: None,
        size: told.size.or(job.progress.map(|progress| progress.total)).unwrap_or(0),
    })
}

/// What is taken for the demand of a job whose node told none, since it was of an older version.
fn untold() -> schema::Demand {
    schema::Demand { cpu_milli: 1000, ..schema::Demand::default() }
}
