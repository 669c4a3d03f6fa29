//! Digester services: heard, and looked at.

use axum::extract::State;
use edge::{Json, Path};
use schema::{Heartbeat, Lease, Node, NodeId, Problem, Role};

use crate::{
    access::Caller,
    app::App,
    error::{ApiError, Doing as _},
    nodes,
    peers::Service,
    store,
};

/// Hears that a digester service lives, and renews the lease of all it has.
///
/// The answer says how long the lease is; a quarter of it is a good time for the next heartbeat.
#[utoipa::path(put, path = "/node/{id}", tag = "callback", params(("id" = String, Path)),
    request_body = Heartbeat,
    responses(
        (status = 200, description = "the lease goes on", body = Lease),
        (status = 401, description = "who calls is not known",
         body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "said in the name of another node",
         body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "a later process goes by this name",
         body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn hear_node(
    State(app): State<App>,
    service: Service,
    Path(id): Path<NodeId>,
    Json(beat): Json<Heartbeat>,
) -> Result<Json<Lease>, ApiError> {
    app.let_speak_for(&service, &id)?;
    // Jobs are sent to where the node is configured to be, if it is, and nowhere else.
    let address = app.peers.address(&id).map_or(beat.address.clone(), str::to_owned);
    let beat = Heartbeat { address, ..beat };
    nodes::renew(&app, &id, &beat).await.map(Json)
}

/// Every digester service that made itself known, by name.
#[utoipa::path(get, path = "/node", tag = "node",
    responses((status = 200, description = "as it stands", body = Vec<Node>)))]
pub(crate) async fn list_nodes(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Vec<Node>>, ApiError> {
    caller.demand_somewhere(Role::Operate)?;
    store::node::list(&app.db, None).await.doing("list the nodes").map(Json)
}

/// One digester service.
#[utoipa::path(get, path = "/node/{id}", tag = "node", params(("id" = String, Path)), responses(
    (status = 200, description = "as it stands", body = Node),
    (status = 404, description = "there is no such node", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn get_node(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<NodeId>,
) -> Result<Json<Node>, ApiError> {
    caller.demand_somewhere(Role::Operate)?;
    let found = store::node::list(&app.db, Some(&id)).await.doing("look up the node")?;
    found.into_iter().next().map(Json).ok_or(ApiError::NoSuchNode(id))
}
