//! The digester services, at a glance.

use axum::extract::State;
use maud::{Markup, html};
use schema::{Node, NodeState, Role};

use crate::{access::Caller, app::App, error::Doing as _, store};

use super::{
    error::PageError,
    layout::{Page, Place},
    words,
};

pub(super) async fn show(State(app): State<App>, caller: Caller) -> Result<Page, PageError> {
    caller.demand_somewhere(Role::Operate)?;
    let nodes = store::node::list(&app.db, None).await.doing("list the nodes")?;
    let content = html! {
        h1 { "Nodes" }
        (table(&nodes))
    };
    Ok(Page::new("Nodes", Place::Nodes, content))
}

/// One line a node; or what to do when there is none.
pub(super) fn table(nodes: &[Node]) -> Markup {
    html! {
        @if nodes.is_empty() {
            p.hint {
                "No digester service has made itself known. Jobs are accepted and wait; start one with "
                code { "digester service" } "."
            }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Nodes" {
                table.list {
                    thead { tr {
                        th scope="col" { "Node" } th scope="col" { "State" }
                        th.number scope="col" { "Running" } th.number scope="col" { "Held" }
                        th scope="col" { "Kinds" }
                        th scope="col" { "Version" } th scope="col" { "Heard" }
                    } }
                    tbody { @for node in nodes { (row(node)) } }
                }
            }
        }
    }
}

fn row(node: &Node) -> Markup {
    let kinds: Vec<_> = node.kinds.iter().map(schema::Kind::as_str).collect();
    html! {
        tr {
            th scope="row" { a href={ "/nodes/" (words::segment(node.id.as_str())) } { (node.id) } }
            td { (state(node.state)) }
            td.number { (words::count(node.running.into())) }
            td.number { (words::count(node.held.into())) " of " (words::count(node.capacity.into())) }
            td { (kinds.join(", ")) }
            td { (node.version) }
            td { (words::moment(node.seen_at)) }
        }
    }
}

/// Whether a node lives, as a badge.
pub(super) fn state(state: NodeState) -> Markup {
    let (class, word) = match state {
        NodeState::Live => ("completed", "live"),
        NodeState::Lapsed => ("failed", "not heard"),
    };
    html! { span.status.(class) { (word) } }
}
