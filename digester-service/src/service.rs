//! The running service.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use edge::{Calls, Credentials, Listener, Lock, Signer, Tls, Verifier, Way};
use regulator::{Clock as _, Regulator as _, Shared, Stack, SystemClock};
use schema::Kind;
use tokio::{net::TcpListener, sync::Notify};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    apart::{Apart, Role},
    config::Config,
    courier,
    digester::Digester,
    heartbeat::Heart,
    journal::Journal,
    lock::StateLock,
    node::{Doors, Node},
    replay,
    reporter::Stop,
    routes, runner, sampler, strategy,
};

/// The digester service, before it serves.
pub struct Service {
    config: Config,
    digesters: HashMap<Kind, Arc<dyn Digester>>,
    role: Option<Role>,
}

impl Service {
    /// A service without digesters yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, digesters: HashMap::new(), role: None }
    }

    /// Adds what executes instructions of a kind.
    #[must_use]
    pub fn with(mut self, digester: impl Digester) -> Self {
        self.digesters.insert(digester.kind(), Arc::new(digester));
        self
    }

    /// Tells how a process begins that has the role of [`digest_apart`](crate::digest_apart), with the
    /// same digesters. The configuration may want it.
    #[must_use]
    pub fn with_role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// Serves until told to stop; then lets running digests finish within their time, hands the
    /// rest back, and delivers what there is to tell.
    pub async fn serve(
        self,
        listener: TcpListener,
        stopping: CancellationToken,
    ) -> anyhow::Result<()> {
        let _lock = StateLock::take(&self.config.state)?;
        let journal = Journal::open(&self.config.state).context("open the outcome journal")?;
        let journal = Arc::new(journal);
        let apart = apart(&self.config, self.role)?;
        let tls = self.config.tls.as_ref().map(Tls::load).transpose();
        let tls = tls.context("read what `service.tls` names")?;
        let calls = Calls::load(&self.config.calls).context("read what `service.calls` names")?;
        let (lock, credentials) = acquaintance(&self.config)?;
        let advertise = self.config.advertise.clone();
        let (regulator, runner) = regulator(&self.config);
        let doors = Doors { tls: tls.clone(), calls, credentials };
        let node =
            Node::new(self.config, doors, self.digesters, regulator, journal, runner, stopping)
                .digesting(apart);
        let node = Arc::new(node);
        // Requests are answered to the very end, so that anybody can see what is still running.
        let ended = CancellationToken::new();
        let address = listener.local_addr().context("read the address listened at")?;
        info!(%address, node = %node.name, "the digester service listens at {address}");
        let advertised = advertised(advertise, tls.is_some(), address);
        let heart = Heart::start(Arc::clone(&node), advertised).context("start the heartbeat")?;
        let router = routes::router(Arc::clone(&node), lock);
        let listener = Listener::new(listener, tls);
        let server = edge::serve(listener, router, ended.clone(), edge::Limits::default());
        let work = async {
            work(&node, heart).await;
            ended.cancel();
        };
        let (served, ()) = tokio::join!(server, work);
        served.context("serve requests")
    }
}

/// Where digests run, if not in the service.
fn apart(config: &Config, role: Option<Role>) -> anyhow::Result<Option<Apart>> {
    let Some(sandbox) = config.sandbox.clone() else { return Ok(None) };
    let role = role.context("`sandbox` is wanted, and this program has no role for it")?;
    Apart::new(role, sandbox, config.bounds()).map(Some)
}

/// How the web service says who it is, and how the node does.
fn acquaintance(config: &Config) -> anyhow::Result<(Lock, Credentials)> {
    let keys = config.keys();
    if keys.is_empty() {
        return Ok((config.token.clone().into(), config.token.clone().into()));
    }
    let keys = keys.load().context("the keys of `service`")?;
    let name = || config.node.clone();
    let verifier = Arc::new(Verifier::new(name(), Way::ToNode, keys.clone()));
    let lock = Lock::Signed(verifier, config.limits.max_body_bytes);
    Ok((lock, Credentials::Signed(Signer::new(name(), Way::ToWebService, keys))))
}

fn regulator(config: &Config) -> (Arc<Shared>, Arc<Notify>) {
    let runner = Arc::new(Notify::new());
    let clock = SystemClock::new();
    let in_force = strategy::recall(&config.state, &config.regulator);
    let now = clock.now();
    let mut stack = Stack::new(&in_force, now);
    if let Some(learned) = strategy::recall_learned(&config.state) {
        stack.recall(now, &learned);
    }
    let nudge = Arc::clone(&runner);
    (Shared::new(Box::new(stack), clock, move || nudge.notify_one()), runner)
}

/// Everything beside the requests, from the first replay to the last outcome.
async fn work(node: &Arc<Node>, mut heart: Heart) {
    let running = runner::run(Arc::clone(node));
    tokio::select! {
        // Passes over jobs whose outcome the courier has still to deliver.
        () = replay::run(Arc::clone(node)) => {}
        () = courier::run(Arc::clone(node)) => {}
        () = sampler::run(node) => {}
        () = heart.stopped() => error!("the heartbeat has stopped"),
        () = drained(node, running) => {}
    }
    keep_learned(node);
    farewell(node).await;
    heart.leave().await;
}

/// Where the web service reaches the node, if nothing is said: where it listens, by the machine's
/// name if that is everywhere.
fn advertised(configured: Option<String>, by_tls: bool, address: SocketAddr) -> String {
    let scheme = if by_tls { "https" } else { "http" };
    configured.unwrap_or_else(|| match address.ip().is_unspecified() {
        true => {
            let machine = rustix::system::uname();
            format!("{scheme}://{}:{}", machine.nodename().to_string_lossy(), address.port())
        }
        false => format!("{scheme}://{address}"),
    })
}

fn keep_learned(node: &Node) {
    let learned = node.regulator.lock().remember(node.regulator.now());
    if let Err(error) = strategy::keep_learned(&node.state, &learned) {
        warn!(%error, "could not keep what the regulator has learned");
    }
}

/// Returns once the node was told to stop and nothing runs any more, or will not end.
async fn drained(node: &Node, running: impl Future<Output = ()>) {
    let overdue = async {
        node.stopping.cancelled().await;
        tokio::time::sleep(node.limits.drain()).await;
        info!("running digests are told to stop; their jobs go back to be submitted");
        node.intake.stop_all(Stop::Drain);
        tokio::time::sleep(node.limits.farewell()).await;
        warn!("a digest does not heed the call to stop; the next start takes its job up again");
    };
    tokio::select! {
        () = running => {}
        () = overdue => {}
    }
}

/// Tries to deliver what there is to tell, within its time.
async fn farewell(node: &Node) {
    let delivered = tokio::time::timeout(
        node.limits.farewell(),
        courier::deliver_all(node, &mut courier::pace()),
    )
    .await;
    if delivered.is_err() {
        let depth = node.journal.depth();
        warn!(journal.depth = depth, "{depth} outcomes stay in the journal until the next start");
    }
}

/// The OpenAPI document of the digester service.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::openapi()
}
