//! What every handler can reach.

use std::{collections::HashMap, sync::Arc};

use schema::{Kind, NewInstruction};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{config::Config, error::ApiError, news::News};

/// Checks an instruction of one kind before it is accepted.
///
/// The core knows jobs; what an instruction of a kind says is known by who brings the kind in.
pub trait KindCheck: Send + Sync {
    /// Refuses a body that no digester could execute, saying why and what to do about it.
    fn check(&self, body: &str) -> Result<(), String>;
}

/// The state behind the routes.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) db: PgPool,
    pub(crate) config: Arc<Config>,
    pub(crate) news: Arc<News>,
    pub(crate) forwarder: crate::forward::Client,
    pub(crate) shutdown: CancellationToken,
    checks: Arc<HashMap<Kind, Box<dyn KindCheck>>>,
}

impl App {
    pub(crate) fn new(
        db: PgPool,
        config: Config,
        checks: HashMap<Kind, Box<dyn KindCheck>>,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            db,
            forwarder: crate::forward::Client::new(config.token.clone()),
            config: Arc::new(config),
            news: Arc::new(News::new()),
            checks: Arc::new(checks),
            shutdown,
        }
    }

    /// Refuses an instruction that no digester could execute.
    pub(crate) fn check(&self, new: &NewInstruction) -> Result<(), ApiError> {
        match self.checks.get(&new.kind) {
            Some(check) => check.check(new.body.get()).map_err(ApiError::Invalid),
            None => Ok(()),
        }
    }
}
