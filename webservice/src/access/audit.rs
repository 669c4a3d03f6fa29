//! What was done, or was not allowed: one commit for all who act at the same time.

use std::{net::IpAddr, sync::Arc, time::Duration};

use edge::Batched;
use serde_json::Value;
use sqlx::PgPool;

use super::Caller;
use crate::store;

/// Something that somebody did, or tried to do.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) actor: Option<String>,
    pub(crate) origin: Option<IpAddr>,
    pub(crate) action: &'static str,
    pub(crate) object: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) allowed: bool,
    pub(crate) detail: Option<Value>,
}

impl Deed {
    /// Something that was done to this by nobody yet.
    pub(crate) fn new(action: &'static str, object: impl ToString) -> Self {
        Self {
            actor: None,
            origin: None,
            action,
            object: Some(object.to_string()),
            tenant: None,
            allowed: true,
            detail: None,
        }
    }

    /// … by this caller.
    pub(crate) fn by(self, caller: &Caller) -> Self {
        Self { actor: caller.name().map(str::to_owned), origin: caller.origin(), ..self }
    }

    /// … with what belongs to this tenant.
    pub(crate) fn of(self, tenant: Option<&str>) -> Self {
        Self { tenant: tenant.map(str::to_owned), ..self }
    }
}

/// Writes deeds down.
pub(super) struct Auditing {
    pub(super) db: PgPool,
}

impl Batched for Auditing {
    type Item = Deed;
    type Answer = Result<(), Arc<sqlx::Error>>;

    const MAX_WEIGHT: usize = 1000;
    const EVERY: Duration = Duration::ZERO;

    fn weigh(&self, _: &Deed) -> usize {
        1
    }

    async fn carry_out(&self, deeds: Vec<Deed>) -> Vec<Self::Answer> {
        let written = store::audit::add(&self.db, &deeds).await.map_err(Arc::new);
        vec![written; deeds.len()]
    }
}
