//! What nodes are asked and told beside jobs.

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use schema::{Held, Job, NodeId, NodeState, Preview, PreviewRequest};
use tracing::warn;

use crate::{
    app::App,
    error::{ApiError, Doing as _, Unseen},
    store,
};

/// How many nodes are asked what would become of an instruction, one after the other.
const ASKED_FOR_PREVIEW: usize = 3;

/// What the node that has a job waiting says of it, if it answers soon.
pub(crate) async fn held(app: &App, job: &Job) -> Option<Held> {
    let addresses = addresses(app, job.node.as_ref()?).await;
    let asked: FuturesUnordered<_> =
        addresses.iter().map(|address| app.forwarder.held(address, job.id)).collect();
    asked.filter_map(std::future::ready).next().await
}

/// Tells the node that has a job that it is to end. Best effort: the answer to the job's next patch,
/// and to the node's next heartbeat, says the same.
pub(crate) fn cancel(app: &App, job: &Job) {
    let Some(node) = job.node.clone() else { return };
    let (app, id) = (app.clone(), job.id);
    tokio::spawn(async move {
        for address in addresses(&app, &node).await {
            app.forwarder.cancel(&address, id).await;
        }
    });
}

/// What a node says would become of an instruction: the least loaded live one that serves it, and
/// can tell.
pub(crate) async fn preview(app: &App, request: &PreviewRequest) -> Result<Preview, ApiError> {
    let mut nodes = store::node::list(&app.db, None).await.doing("list the nodes")?;
    nodes.retain(|node| node.state == NodeState::Live && node.kinds.contains(&request.kind));
    nodes.sort_by_key(|node| node.held);
    let mut addresses: Vec<_> = nodes.into_iter().map(|node| node.address).collect();
    if addresses.is_empty() {
        addresses.clone_from(&app.config.forward.digesters);
    }
    let text = "no digester service that serves it is known to live".to_owned();
    let mut why = Unseen { text, is_passing: true };
    for address in addresses.iter().take(ASKED_FOR_PREVIEW) {
        match app.forwarder.preview(address, request).await {
            Ok(preview) => return Ok(preview),
            Err(cannot) => why = cannot,
        }
    }
    Err(ApiError::NoPreview { kind: request.kind.clone(), why })
}

/// What the node that had a job answers to the wish for one of its files; none if it does not.
pub(crate) async fn download(app: &App, job: &Job, name: &str) -> Option<reqwest::Response> {
    for address in addresses(app, job.node.as_ref()?).await {
        match app.forwarder.download(&address, job.id, name).await {
            Ok(response) => return Some(response),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, job.id = %job.id, "{address} does not send a file of job {}", job.id);
            }
        }
    }
    None
}

/// Where a node is. One that never made itself known is behind some configured address.
async fn addresses(app: &App, node: &NodeId) -> Vec<String> {
    if let Some(address) = app.peers.address(node) {
        return vec![address.to_owned()];
    }
    match store::node::address(&app.db, node).await {
        Ok(Some(address)) => vec![address],
        Ok(None) | Err(_) => app.config.forward.digesters.clone(),
    }
}
