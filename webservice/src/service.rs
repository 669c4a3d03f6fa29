//! The running service.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use edge::{Calls, CallsConfig, Listener, Tls};
use schema::Kind;
use sqlx::migrate::MigrateError;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    KindCheck,
    app::{App, Doors},
    config::Config,
    error::is_outage,
    forward, nodes, notify,
    peers::Peers,
    retention, routes,
    store::{self, Pools},
};

/// How long to wait before the database is tried again at start.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// The web service, before it serves.
pub struct Service {
    config: Config,
    checks: HashMap<Kind, Arc<dyn KindCheck>>,
}

impl Service {
    /// A service that knows no kind yet: it takes instructions of any kind as they are.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, checks: HashMap::new() }
    }

    /// Has instructions of this kind checked before they are accepted.
    #[must_use]
    pub fn with_check(mut self, kind: Kind, check: impl KindCheck + 'static) -> Self {
        self.checks.insert(kind, Arc::new(check));
        self
    }

    /// Serves until told to stop, then takes requests for a while longer, as one that is not ready
    /// any more, and lets those under way finish.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> anyhow::Result<()> {
        ensure!(
            self.config.access.is_none()
                || self.config.token.is_some()
                || !self.config.nodes.is_empty(),
            "with `[access]`, digester services must be able to say who they are: set `token`, or \
             give each its keys in `[webservice.nodes]`"
        );
        ensure!(
            self.config
                .gobii
                .as_ref()
                .is_none_or(|it| it.mirror.is_none() || it.upstream.is_some()),
            "`gobii.mirror` shows jobs to the server that `gobii.upstream` names: set both"
        );
        let address = listener.local_addr().context("read the address listened at")?;
        let tls = self.config.tls.as_ref().map(Tls::load).transpose();
        let tls = tls.context("read what `webservice.tls` names")?;
        let calls = Calls::load(&self.config.calls);
        let calls = calls.context("read what `webservice.calls` names")?;
        let ca = self.config.notifications.as_ref().and_then(|config| config.ca.clone());
        let hooks = Calls::load(&CallsConfig { ca, ..CallsConfig::default() });
        let hooks = hooks.context("read what `webservice.notifications.ca` names")?;
        let peers = Peers::load(&self.config)?;
        if peers.also_believe_a_token() {
            warn!(
                "nodes have keys, and whoever has `webservice.token` can still read every job, and be a \
                 node without keys: leave it away once every node has some"
            );
        }
        let pools = Pools::new(&self.config.database).context("read the database address")?;
        let callback = callback(&self.config, address);
        let grace = Duration::from_secs(self.config.grace_seconds);
        let app = App::new(
            pools.clone(),
            self.config,
            Doors { tls: tls.clone(), calls, hooks, peers },
            self.checks,
            shutdown.clone(),
        );
        let router =
            routes::router(app.clone()).context("read the addresses of GOBii's databases")?;
        let work = tokio::spawn({
            let (app, stop_all) = (app.clone(), shutdown.clone().drop_guard());
            async move {
                let _stop_all = stop_all;
                work(app, callback).await
            }
        });
        info!(%address, "the web service listens at {address}");
        let closing = CancellationToken::new();
        let leave = async {
            shutdown.cancelled().await;
            tokio::time::sleep(grace).await;
            closing.cancel();
        };
        let listener = Listener::new(listener, tls);
        let serve = edge::serve(listener, router, closing.clone(), edge::Limits::default());
        let (served, ()) = tokio::join!(serve, leave);
        let worked = work.await.context("join the forwarder");
        pools.close().await;
        worked??;
        served.context("serve requests")
    }
}

/// What goes on beside the requests: the tables are brought up to date, then jobs are handed over,
/// and taken from nodes that are gone; old ones are forgotten.
async fn work(app: App, callback: String) -> anyhow::Result<()> {
    if migrate(&app).await? {
        tokio::join!(
            forward::run(app.clone(), callback),
            nodes::run(app.clone()),
            notify::run(app.clone()),
            retention::run(app)
        );
    }
    Ok(())
}

/// Waits for the database as long as it takes; `false` when told to stop before it came.
async fn migrate(app: &App) -> anyhow::Result<bool> {
    while !app.shutdown.is_cancelled() {
        match store::migrate(&app.config.database).await {
            Ok(()) => {
                app.migrated.cancel();
                return Ok(true);
            }
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))
                if is_outage(&error) =>
            {
                let error = &error as &dyn std::error::Error;
                warn!(error, "the database does not answer; trying again");
            }
            Err(error) => return Err(error).context("bring the tables up to date"),
        }
        tokio::select! {
            () = tokio::time::sleep(DATABASE_PAUSE) => {}
            () = app.shutdown.cancelled() => {}
        }
    }
    Ok(false)
}

/// Where digester services on this machine, or beside it, report.
fn callback(config: &Config, address: SocketAddr) -> String {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let own = || format!("{scheme}://{address}");
    config.forward.callback.clone().unwrap_or_else(own)
}

/// The OpenAPI document of the plain API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::openapi()
}
