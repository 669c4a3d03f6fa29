//! What every handler can reach.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use edge::Batcher;
use schema::{Kind, NewInstruction, TraceParent};
use sqlx::PgPool;
use tokio::{sync::Semaphore, task::spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::{
    accept::{self, Accepting},
    config::Config,
    error::{ApiError, Doing as _},
    metrics::Metrics,
    news::News,
    store::instruction::Acceptance,
};

/// Checks an instruction of one kind before it is accepted.
///
/// The core knows jobs; what an instruction of a kind says is known by who brings the kind in.
pub trait KindCheck: Send + Sync {
    /// Refuses a body that no digester could execute, saying why and what to do about it. It may
    /// look at the disk.
    fn check(&self, body: &str) -> Result<(), String>;
}

/// The state behind the routes; clones, of which every request has several, share it.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// What [`App`] shares.
pub(crate) struct Shared {
    pub(crate) db: PgPool,
    /// For statements that carry many rows.
    pub(crate) batches: PgPool,
    pub(crate) config: Config,
    pub(crate) news: Arc<News>,
    pub(crate) metrics: Metrics,
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
        db: PgPool,
        batches: PgPool,
        config: Config,
        checks: HashMap<Kind, Arc<dyn KindCheck>>,
        shutdown: CancellationToken,
    ) -> Self {
        let news = Arc::new(News::new());
        let accepting = Accepting { db: batches.clone(), news: Arc::clone(&news) };
        Self(Arc::new(Shared {
            db,
            batches,
            accepting: Batcher::new(accepting, accept::LANES),
            metrics: Metrics::new(),
            migrated: CancellationToken::new(),
            streams: Arc::new(Semaphore::new(config.max_streams)),
            previews: Semaphore::new(crate::preview::AT_ONCE),
            forwarder: crate::forward::Client::new(config.token.clone()),
            config,
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

    /// Refuses an instruction that no digester could execute.
    pub(crate) async fn check(&self, new: &NewInstruction) -> Result<(), ApiError> {
        let Some(check) = self.checks.get(&new.kind).map(Arc::clone) else { return Ok(()) };
        let body = new.body.clone();
        let checked = spawn_blocking(move || check.check(body.get())).await;
        checked.map_err(|_| ApiError::CheckFailed)?.map_err(ApiError::Invalid)
    }
}
