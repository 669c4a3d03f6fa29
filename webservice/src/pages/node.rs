//! One digester service: whether it lives, what decides there, what runs and what waits.

mod held;
mod regulation;
pub(super) mod strategy;

use axum::{
    extract::{Form, State},
    response::Redirect,
};
use maud::{Markup, html};
use schema::{Mode, Node, NodeId, NodeState, ProblemKind, Regulation, Role};
use serde::Deserialize;

use crate::{
    access::{Caller, Deed},
    app::App,
    error::{ApiError, Doing as _},
    forward::Unanswered,
    store,
};

use super::{
    error::{PageError, sentence},
    extract::Named,
    layout::{Page, Place},
    words,
};

/// How many of its jobs a page shows.
const HELD: usize = 50;

pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<NodeId>,
) -> Result<Page, PageError> {
    caller.demand_somewhere(Role::Operate)?;
    let node = look_up(&app, id).await?;
    let (regulation, held) = tokio::join!(
        app.forwarder.regulation(&node.address),
        app.forwarder.foremost(&node.address, HELD)
    );
    let steers = caller.may(Role::Operate, None);
    let content = html! {
        p.crumb { a href="/nodes" { "Nodes" } " / Node" }
        (head(&node, &regulation, steers))
        @if let Ok(regulation) = &regulation {
            (regulation::section(&node.id, regulation, steers))
            @if !caller.may(Role::Read, None) {
                p.hint { "Which jobs it has is shown to those who may see the jobs of all." }
            } @else if let Ok(held) = &held {
                (held::sections(held, regulation))
            }
        }
    };
    Ok(Page::new(node.id.to_string(), Place::Nodes, content))
}

async fn look_up(app: &App, id: NodeId) -> Result<Node, PageError> {
    let found = store::node::list(&app.db, Some(&id)).await.doing("look up the node")?;
    Ok(found.into_iter().next().ok_or(ApiError::NoSuchNode(id))?)
}

/// Lets the caller steer a node: that concerns the jobs of all.
async fn let_steer(
    app: &App,
    caller: &Caller,
    action: &'static str,
    id: &NodeId,
) -> Result<(), ApiError> {
    app.let_do(caller, &[Role::Operate], || Deed::new(action, id)).await
}

/// What a button sends.
#[derive(Deserialize)]
pub(super) struct WantedMode {
    mode: Mode,
}

pub(super) async fn set_mode(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<NodeId>,
    Form(WantedMode { mode }): Form<WantedMode>,
) -> Result<Redirect, PageError> {
    let action = match mode {
        Mode::Open => "resume node",
        Mode::Paused => "pause node",
        Mode::Draining => "drain node",
    };
    let_steer(&app, &caller, action, &id).await?;
    let node = look_up(&app, id).await?;
    app.forwarder.set_mode(&node.address, mode).await.map_err(|error| failed(&node.id, &error))?;
    Ok(Redirect::to(&address(&node.id)))
}

fn address(id: &NodeId) -> String {
    format!("/nodes/{}", words::segment(id.as_str()))
}

fn failed(id: &NodeId, error: &Unanswered) -> PageError {
    let kind = match error {
        Unanswered::Refused(problem) => ProblemKind::of(problem),
        Unanswered::Silent(_) => None,
    };
    PageError::new(kind.unwrap_or(ProblemKind::Unavailable), format!("node {id}: {}", said(error)))
}

/// Why a node did not do as it was asked.
fn said(error: &Unanswered) -> String {
    match error {
        Unanswered::Refused(problem) => problem.detail.as_ref().unwrap_or(&problem.title).clone(),
        Unanswered::Silent(words) => words.clone(),
    }
}

fn head(node: &Node, regulation: &Result<Regulation, Unanswered>, steers: bool) -> Markup {
    let mode = regulation.as_ref().ok().map(|regulation| regulation.mode);
    html! {
        section.head {
            h1.name {
                (node.id) " " (super::nodes::state(node.state))
                @if let Some((class, word)) = mode.and_then(unusual) {
                    " " span.status.(class) { (word) }
                }
            }
            @if let Err(error) = regulation {
                p.lead.failed {
                    (sentence(&said(error))) " What is shown is what was last heard of it"
                    @if node.state == NodeState::Lapsed { "; its jobs have gone to others" }
                    "."
                }
            }
            (facts(node))
            @if let (Some(mode), true) = (mode, steers) { (actions(&node.id, mode)) }
        }
    }
}

/// A mode that has to be told.
fn unusual(mode: Mode) -> Option<(&'static str, &'static str)> {
    match mode {
        Mode::Open => None,
        Mode::Paused => Some(("cancelled", "paused")),
        Mode::Draining => Some(("cancelled", "draining")),
    }
}

fn facts(node: &Node) -> Markup {
    let kinds: Vec<_> = node.kinds.iter().map(schema::Kind::as_str).collect();
    html! {
        dl.facts {
            div { dt { "Up since" } dd { (words::moment(node.since)) } }
            div { dt { "Heard" } dd { (words::moment(node.seen_at)) } }
            div { dt { "Version" } dd { (node.version) } }
            div { dt { "Address" } dd { (node.address) } }
            div { dt { "Kinds" } dd { (kinds.join(", ")) } }
            div {
                dt { "Holds" }
                dd { (words::count(node.held.into())) " of " (words::count(node.capacity.into())) " jobs" }
            }
        }
    }
}

fn actions(id: &NodeId, mode: Mode) -> Markup {
    let button = |wanted: &str, class: &str, name: &str, does: &str| {
        html! { button class=(class) name="mode" value=(wanted) title=(does) { (name) } }
    };
    html! {
        form.actions method="post" action={ (address(id)) "/mode" } {
            @if mode == Mode::Open {
                (button("paused", "", "Pause", "Start nothing; take new jobs in to wait"))
            } @else {
                (button("open", "primary", "Resume", "Start again what the strategy admits"))
            }
            @if mode != Mode::Draining {
                (button("draining", "", "Drain", "Start nothing, and take nothing in"))
            }
            span.hint { "What runs goes on in any case." }
        }
    }
}
