//! Keeps open pages up to date, by server-sent events.
//!
//! What changes on a page is a [`View`]. Whoever looks at the same view shares one task that looks at
//! the database, a few times a second at most and only while somebody looks, and one rendering: the
//! same that the page was made of. The id of a message names what is shown after it. Whoever comes
//! back with such an id is told what is shown now, if it is something else.

mod shown;
mod views;

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use schema::{JobId, Key, NodeId, Role};
use serde::Deserialize;
use tokio::{sync::watch, time::Instant};

use crate::{access::Caller, app::App, routes::instruction::look_up, streams::Place};

pub(super) use shown::{List, Part, Shown};
pub(super) use views::Views;

use super::{
    error::PageError,
    extract::{Asked, Named},
    instruction, job,
    jobs::{self, Filter},
    node::{self, Sight},
    nodes, overview,
};
use shown::Frames;

/// After so much silence a word is said, for proxies that cut silent connections.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// For how long a page is followed before who has it open is asked again who they are: the browser
/// comes back by itself.
const AT_MOST: Duration = Duration::from_secs(15 * 60);
/// How soon a browser comes back when it was cut off.
const RETRY: &str = "retry: 2000\n\n";
/// What is said when nothing will change any more.
const OVER: &str = "event: over\ndata:\n\n";

/// Something that is shown and changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum View {
    Overview,
    Jobs {
        filter: Filter,
        /// Who looks sees only these; none stands for all.
        tenants: Option<Vec<String>>,
    },
    Job(JobId),
    /// The jobs of an instruction.
    Instruction(Key),
    Nodes,
    Node {
        id: NodeId,
        /// All who see it share one look at it, whatever they see of it.
        sight: Sight,
    },
}

impl View {
    async fn show(&self, app: &App) -> Result<Shown, PageError> {
        match self {
            Self::Overview => overview::shown(app).await,
            Self::Jobs { filter, tenants } => jobs::shown(app, filter, tenants.as_deref()).await,
            Self::Job(id) => job::shown(app, *id).await,
            Self::Instruction(key) => instruction::shown(app, key).await,
            Self::Nodes => nodes::shown(app).await,
            Self::Node { id, sight } => node::shown(app, id, *sight).await,
        }
    }
}

/// What the page shows that wants to be kept up to date.
#[derive(Deserialize)]
pub(super) struct Seen {
    seen: Option<String>,
}

pub(super) async fn overview(
    State(app): State<App>,
    caller: Caller,
    Asked(seen): Asked<Seen>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    caller.demand(Role::Read, None)?;
    follow(app, View::Overview, seen, &headers)
}

pub(super) async fn jobs(
    State(app): State<App>,
    caller: Caller,
    Asked(filter): Asked<Filter>,
    Asked(seen): Asked<Seen>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    caller.demand_somewhere(Role::Read)?;
    let tenants = caller.tenants(Role::Read).only().map(<[_]>::to_vec);
    follow(app, View::Jobs { filter, tenants }, seen, &headers)
}

pub(super) async fn job(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<JobId>,
    Asked(seen): Asked<Seen>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    app.let_do_to_job(&caller, &[Role::Read], "read", id).await?;
    follow(app, View::Job(id), seen, &headers)
}

pub(super) async fn instruction(
    State(app): State<App>,
    caller: Caller,
    Named(key): Named<Key>,
    Asked(seen): Asked<Seen>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let instruction = look_up(&app, &caller, key).await?;
    follow(app, View::Instruction(instruction.key), seen, &headers)
}

pub(super) async fn nodes(
    State(app): State<App>,
    caller: Caller,
    Asked(seen): Asked<Seen>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    caller.demand_somewhere(Role::Operate)?;
    follow(app, View::Nodes, seen, &headers)
}

pub(super) async fn node(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<NodeId>,
    Asked(seen): Asked<Seen>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    caller.demand_somewhere(Role::Operate)?;
    let sight = Sight::of(&caller);
    // What there is not cannot be followed.
    node::shown(&app, &id, sight).await?;
    follow(app, View::Node { id, sight }, seen, &headers)
}

fn follow(app: App, view: View, seen: Seen, headers: &HeaderMap) -> Result<Response, PageError> {
    let place = Place::take(&app)?;
    // A browser that was cut off says what it was told last, not what the page was made with.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let frames = app.kept.views.watch(&app, view);
    let reader = Reader {
        app,
        frames,
        seen: last.or(seen.seen),
        over: false,
        until: Instant::now() + AT_MOST,
        _place: place,
    };
    let greeting =
        stream::once(async { Ok::<_, Infallible>(Bytes::from_static(RETRY.as_bytes())) });
    let rest = stream::unfold(reader, async |mut reader| Some((Ok(reader.next().await?), reader)));
    let body = Body::from_stream(futures_util::StreamExt::chain(greeting, rest));
    Ok(([(CONTENT_TYPE, "text/event-stream")], body).into_response())
}

/// Somebody who has the page open.
struct Reader {
    app: App,
    frames: watch::Receiver<Option<Arc<Frames>>>,
    seen: Option<String>,
    over: bool,
    until: Instant,
    _place: Place,
}

impl Reader {
    /// What is new, once there is something; `None` when there will be nothing more.
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        loop {
            if let Some(news) = self.news() {
                return Some(news);
            }
            tokio::select! {
                changed = self.frames.changed() => changed.ok()?,
                () = tokio::time::sleep(KEEP_ALIVE) => return Some(Bytes::from_static(b":\n\n")),
                () = tokio::time::sleep_until(self.until) => return None,
                () = self.app.shutdown.cancelled() => return None,
            }
        }
    }

    fn news(&mut self) -> Option<Bytes> {
        let frames = self.frames.borrow_and_update().clone()?;
        self.over = frames.over;
        let news = match frames.since(self.seen.as_deref()) {
            Some(frame) => frame,
            None if frames.over => Bytes::from_static(OVER.as_bytes()),
            None => return None,
        };
        self.seen = Some(frames.id.clone());
        Some(news)
    }
}
