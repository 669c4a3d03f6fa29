//! One digester service: whether it lives, what decides there, what runs and what waits.

mod held;
mod look;
mod regulation;
pub(super) mod strategy;

use axum::{
    extract::{Form, State},
    response::Redirect,
};
use maud::{Markup, html};
use schema::{Mode, Node, NodeId, NodeState, ProblemKind, Role};
use serde::Deserialize;

use crate::{
    access::{Caller, Deed},
    app::App,
    error::ApiError,
    forward::Unanswered,
};

use super::{
    error::{PageError, sentence},
    extract::Named,
    layout::{Page, Place},
    live::{List, Part, Shown},
    words,
};
use look::{Look, look_up};

pub(super) use look::Looks;

/// What somebody may see and do there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sight {
    steers: bool,
    /// Whether they see which jobs it has, which may be those of all.
    reads: bool,
}

impl Sight {
    pub(super) fn of(caller: &Caller) -> Self {
        let steers = caller.may(Role::Operate, None);
        Self { steers, reads: caller.may(Role::Read, None) }
    }
}

pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<NodeId>,
) -> Result<Page, PageError> {
    caller.demand_somewhere(Role::Operate)?;
    let shown = shown(&app, &id, Sight::of(&caller)).await?;
    let content = html! {
        p.crumb { a href="/nodes" { "Nodes" } " / Node" }
        @match &shown.lists[..] {
            [node, running, waiting] => {
                div.stack #(node.id) { (node) }
                (held::section("Under way", running))
                (held::section("Waiting", waiting))
            }
            lists => {
                @for node in lists { div.stack #(node.id) { (node) } }
                p.hint { "Which jobs it has is shown to those who may see the jobs of all." }
            }
        }
    };
    let page = Page::new(id.to_string(), Place::Nodes, content);
    Ok(page.live(format!("{}/live", address(&id)), &shown))
}

/// What the page shows that changes.
pub(super) async fn shown(app: &App, id: &NodeId, sight: Sight) -> Result<Shown, PageError> {
    let look = app.kept.nodes.at(app, id).await?;
    let head = Part { id: "head".to_owned(), html: head(&look, sight) };
    let regulation = look.regulation.as_ref().ok().map(|regulation| Part {
        id: "regulator".to_owned(),
        html: regulation::section(&look.node.id, regulation, sight.steers),
    });
    let mut lists =
        vec![List { id: "node", parts: [head].into_iter().chain(regulation).collect() }];
    if sight.reads {
        lists.extend(held::lists(&look));
    }
    Ok(Shown { lists, over: false })
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
    let node = look_up(&app, &id).await?;
    let set = app.forwarder.set_mode(&node.address, mode).await;
    app.kept.nodes.forget(&id);
    set.map_err(|error| failed(&id, &error))?;
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

fn head(Look { node, regulation, .. }: &Look, sight: Sight) -> Markup {
    let mode = regulation.as_ref().ok().map(|regulation| regulation.mode);
    html! {
        section.head #head {
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
            @if let (Some(mode), true) = (mode, sight.steers) { (actions(&node.id, mode)) }
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
