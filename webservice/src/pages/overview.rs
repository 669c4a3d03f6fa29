//! How things stand, at a glance.

mod causes;

use std::time::Duration;

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use schema::{Node, NodeState, Role, Tenants};

use crate::{
    access::Caller,
    app::App,
    error::Doing as _,
    store::{
        self,
        job::{COUNTED, Queue},
    },
};

use super::{
    error::PageError,
    layout::{Page, Place},
    live::{List, Part, Shown},
    nodes, throughput, words,
};

/// The whole is for those who may see all of it; others are shown their jobs.
pub(super) async fn show(State(app): State<App>, caller: Caller) -> Result<Response, PageError> {
    caller.demand_somewhere(Role::Read)?;
    if caller.tenants(Role::Read) != Tenants::All {
        return Ok(Redirect::to("/jobs").into_response());
    }
    let shown = app.kept.overview.or(async || shown(&app).await).await?;
    let content = html! {
        h1 { "Overview" }
        @for list in &shown.lists { div.stack #(list.id) { (list) } }
    };
    let page = Page::new("Overview", Place::Overview, content);
    Ok(page.live("/live".to_owned(), &shown).into_response())
}

/// What the page shows that changes.
pub(super) async fn shown(app: &App) -> Result<Shown, PageError> {
    let queue = store::job::queue(&app.pages).await.doing("look at the queue")?;
    let nodes = store::node::list(&app.pages, None).await.doing("list the nodes")?;
    let parts = [
        ("queue", figures(&queue, &nodes)),
        ("came", section("came", "Jobs that came", &throughput::last_day(app).await?)),
        ("failures", causes::section(app).await?),
        ("nodes", section("nodes", "Nodes", &nodes::table(&nodes))),
    ];
    let part = |(id, html): (&str, Markup)| Part { id: id.to_owned(), html };
    let parts = parts.into_iter().map(part).collect();
    Ok(Shown { lists: vec![List { id: "overview", parts }], over: false })
}

fn section(id: &str, title: &str, content: &Markup) -> Markup {
    html! { section #(id) { h2 { (title) } (content) } }
}

fn figures(queue: &Queue, nodes: &[Node]) -> Markup {
    let live: Vec<_> = nodes.iter().filter(|node| node.state == NodeState::Live).collect();
    let running: i64 = live.iter().map(|node| i64::from(node.running)).sum();
    let waiting = (queue.unsettled - running).max(0).unsigned_abs();
    let more = if queue.unsettled < COUNTED { "" } else { "+" };
    html! {
        dl.figures #queue {
            div { dt { "Running" } dd { (words::count(running.unsigned_abs())) } }
            div {
                dt { a href="/jobs?status=unsettled" { "Waiting" } }
                dd { (words::count(waiting)) (more) }
            }
            div {
                dt { "Without a node for" }
                dd { (oldest(queue)) }
            }
            div {
                dt { a href="/nodes" { "Nodes" } }
                dd { (live.len()) small { " of " (nodes.len()) } }
            }
        }
    }
}

/// For how long the oldest job waits that no node has taken; whole seconds are exact enough.
fn oldest(queue: &Queue) -> String {
    match queue.unforwarded {
        0 => "–".to_owned(),
        _ => words::length(Duration::from_secs(1.max(queue.oldest_seconds as u64))),
    }
}
