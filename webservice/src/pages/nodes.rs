//! The digester services, at a glance.

use axum::extract::State;
use maud::{Markup, html};
use schema::{Node, NodeState, Role};

use crate::{access::Caller, app::App, error::Doing as _, store};

use super::{
    error::PageError,
    layout::{Page, Place},
    live::{List, Part, Shown},
    words,
};

pub(super) async fn show(State(app): State<App>, caller: Caller) -> Result<Page, PageError> {
    caller.demand_somewhere(Role::Operate)?;
    let shown = shown(&app).await?;
    let content = html! {
        h1 { "Nodes" }
        @for list in &shown.lists { div.stack #(list.id) { (list) } }
    };
    Ok(Page::new("Nodes", Place::Nodes, content).live("/live/nodes".to_owned(), &shown))
}

/// What the page shows that changes.
pub(super) async fn shown(app: &App) -> Result<Shown, PageError> {
    let nodes = store::node::list(&app.pages, None).await.doing("list the nodes")?;
    let html = html! { section #nodes { (table(&nodes)) } };
    let parts = vec![Part { id: "nodes".to_owned(), html }];
    Ok(Shown { lists: vec![List { id: "all-nodes", parts }], over: false })
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
