//! What every handler can reach.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use edge::{Batcher, Calls, Tls};
use schema::{Instruction, Job, JobId, Kind, NewInstruction, NodeId, Role, TraceParent};
use sqlx::PgPool;
use tokio::{sync::Semaphore, task::spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::{
    accept::{self, Accepting},
    access::{Access, Caller, Deed},
    config::Config,
    error::{ApiError, Doing as _},
    mapping::Mapping,
    metrics::Metrics,
    news::News,
    nodes::Reach,
    notify::{self, Letter},
    pages::Kept,
    peers::{Peers, Service},
    store::{self, Pools, instruction::Acceptance},
};

/// What is known here of the instructions of one kind.
///
/// The core knows jobs; what an instruction of a kind says is known by who brings the kind in.
pub trait KindCheck: Send + Sync {
    /// Refuses a body that no digester could execute, saying why and what to do about it. It may
    /// look at the disk.
    fn check(&self, body: &str) -> Result<(), Refusal>;

    /// Which parts of the input feed which columns, for people; none if it cannot be told.
    fn mapping(&self, _body: &str) -> Option<Mapping> {
        None
    }

    /// What is written to those who are told of a job's end by e-mail; none: what is written for jobs
    /// of any kind.
    fn letter(&self, _job: &Job, _instruction: &str) -> Option<Letter> {
        None
    }
}

/// Why a body is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What is wrong, and what to do about it.
    pub message: String,
    /// The line at fault, from 1, if it is one.
    pub line: Option<usize>,
    /// The column in that line, from 1.
    pub column: Option<usize>,
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self { message, line: None, column: None }
    }
}

/// The state behind the routes; clones, of which every request has several, share it.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// How others come in, and how they are called.
pub(crate) struct Doors {
    pub(crate) tls: Option<Tls>,
    pub(crate) calls: Calls,
    /// How those are called who are told of jobs.
    pub(crate) hooks: Calls,
    pub(crate) peers: Peers,
}

/// What [`App`] shares.
pub(crate) struct Shared {
    pub(crate) db: PgPool,
    /// For statements that carry many rows.
    pub(crate) batches: PgPool,
    /// For what people look for, who are many and may ask for much.
    pub(crate) pages: PgPool,
    pub(crate) kept: Kept,
    pub(crate) config: Config,
    pub(crate) calls: Calls,
    pub(crate) hooks: Calls,
    pub(crate) peers: Arc<Peers>,
    pub(crate) access: Access,
    pub(crate) news: Arc<News>,
    pub(crate) metrics: Metrics,
    /// Whether nodes reach what instructions name.
    pub(crate) reach: Reach,
    /// Cancelled once the tables are as this version knows them.
    pub(crate) migrated: CancellationToken,
    /// One permit for each history being followed.
    pub(crate) streams: Arc<Semaphore>,
    /// One permit for each instruction being looked at.
    pub(crate) previews: Semaphore,
    pub(crate) forwarder: crate::forward::Client,
    pub(crate) shutdown: CancellationToken,
    accepting: Batcher<Accepting>,
    checks: HashMap<Kind, Arc<dyn KindCheck>>,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(crate) fn new(
        Pools { db, batches, pages }: Pools,
        config: Config,
        Doors { tls, calls, hooks, peers }: Doors,
        checks: HashMap<Kind, Arc<dyn KindCheck>>,
        shutdown: CancellationToken,
    ) -> Self {
        let peers = Arc::new(peers);
        let news = Arc::new(News::new());
        let accepting = Accepting { db: batches.clone(), news: Arc::clone(&news) };
        let access = Access::new(db.clone(), config.access.clone(), config.token.clone(), &calls);
        Self(Arc::new(Shared {
            access,
            db,
            batches,
            pages,
            kept: Kept::default(),
            accepting: Batcher::new(accepting, accept::LANES),
            metrics: Metrics::new(tls.as_ref()),
            migrated: CancellationToken::new(),
            streams: Arc::new(Semaphore::new(config.max_streams)),
            previews: Semaphore::new(crate::preview::AT_ONCE),
            reach: Reach::new(&config),
            forwarder: crate::forward::Client::new(&calls, Arc::clone(&peers)),
            config,
            calls,
            hooks,
            peers,
            news,
            checks,
            shutdown,
        }))
    }

    /// Writes the instruction down with its first job, whether or not the caller waits for it.
    pub(crate) async fn accept_instruction(
        &self,
        mut new: NewInstruction,
    ) -> Result<Acceptance, ApiError> {
        new.traceparent.get_or_insert_with(TraceParent::mint);
        let accepted = self.accepting.run(new).await.doing("accept the instruction");
        self.metrics.accepted(&accepted);
        accepted
    }

    /// Lets the caller do this if one of these roles allows it, and writes down that they did, or
    /// were not allowed to. Where the service is open, everybody may, and nothing is written down.
    pub(crate) async fn let_do(
        &self,
        caller: &Caller,
        roles: &[Role],
        deed: impl FnOnce() -> Deed,
    ) -> Result<(), ApiError> {
        if !self.access.is_closed() {
            return Ok(());
        }
        let deed = deed();
        let tenant = deed.tenant.as_deref();
        let allowed = roles.iter().any(|&role| caller.may(role, tenant));
        let demanded = if allowed { Ok(()) } else { caller.demand(roles[0], tenant) };
        // Strangers could fill the audit with nothing.
        if !matches!(demanded, Err(ApiError::Unknown)) {
            self.access.note(Deed { allowed, ..deed }.by(caller)).await?;
        }
        demanded
    }

    /// Lets the caller do this to a job that they may see, like [`App::let_do`].
    pub(crate) async fn let_do_to_job(
        &self,
        caller: &Caller,
        roles: &[Role],
        action: &'static str,
        id: JobId,
    ) -> Result<(), ApiError> {
        if let Some(node) = caller.node() {
            return self.let_node_see(node, caller, roles, id).await;
        }
        if !self.access.is_closed() {
            return Ok(());
        }
        let job = self.seen_job(caller, id).await?;
        self.let_do(caller, roles, || Deed::new(action, id).of(job.tenant.as_deref())).await
    }

    /// Lets a node look at a job that it has, or had last, and do nothing else.
    async fn let_node_see(
        &self,
        node: &NodeId,
        caller: &Caller,
        roles: &[Role],
        id: JobId,
    ) -> Result<(), ApiError> {
        if !roles.contains(&Role::Read) {
            return caller.demand(roles[0], None);
        }
        self.demand_with(node, id).await
    }

    /// Refuses a node that neither has the job, nor had it last, nor was promised it.
    pub(crate) async fn demand_with(&self, node: &NodeId, id: JobId) -> Result<(), ApiError> {
        let is_promised = !self.forwarder.promised.among(node, [id].into_iter()).is_empty();
        let found = store::job::find(&self.db, id).await.doing("look up the job")?;
        match found {
            Some(job) if is_promised || job.node.as_ref() == Some(node) => Ok(()),
            _ => Err(ApiError::NoSuchJob(id)),
        }
    }

    /// Refuses a service that says something in the name of another node.
    pub(crate) fn let_speak_for(&self, service: &Service, node: &NodeId) -> Result<(), ApiError> {
        match (self.peers.speaks_for(service, node), service) {
            (true, _) => Ok(()),
            (false, Service::Any) => Err(ApiError::HasKeys(node.clone())),
            (false, Service::Node(name)) => Err(ApiError::OnlyItsOwn(name.clone())),
        }
    }

    /// The job, unless the caller may not see it: then there is none.
    async fn seen_job(&self, caller: &Caller, id: JobId) -> Result<Job, ApiError> {
        caller.demand_somewhere(Role::Read)?;
        let found = store::job::find(&self.db, id).await.doing("look up the job")?;
        let seen = found.filter(|job| caller.may(Role::Read, job.tenant.as_deref()));
        seen.ok_or(ApiError::NoSuchJob(id))
    }

    /// What is known of a kind.
    pub(crate) fn kind(&self, kind: &Kind) -> Option<&Arc<dyn KindCheck>> {
        self.checks.get(kind)
    }

    /// Refuses an instruction that no digester could execute, or whose end may not be told.
    pub(crate) async fn check(&self, new: &NewInstruction) -> Result<(), ApiError> {
        let told = notify::check(&self.config, &new.notify);
        told.map_err(ApiError::Invalid)?;
        let Some(check) = self.checks.get(&new.kind).map(Arc::clone) else { return Ok(()) };
        let body = new.body.clone();
        let checked = spawn_blocking(move || check.check(body.get())).await;
        checked.map_err(|_| ApiError::CheckFailed)?.map_err(ApiError::Refused)
    }

    /// What an instruction makes of its input, if its kind can tell.
    pub(crate) fn mapping(&self, instruction: &Instruction) -> Option<Mapping> {
        self.checks.get(&instruction.kind)?.mapping(instruction.body.get())
    }
}
