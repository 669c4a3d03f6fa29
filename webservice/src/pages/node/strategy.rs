//! Changing the strategy of a node: written, read by the node, compared, put in force.

use axum::{
    extract::{Form, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use schema::{NodeId, Regulation, StrategyText};
use serde::Deserialize;

use crate::{
    access::Caller,
    app::{App, Refusal},
    forward::Unanswered,
    pages::{
        diff::{Step, steps},
        edit::{area, own_line_ends},
        error::PageError,
        extract::{Asked, Named},
        layout::{Page, Place},
        words,
    },
};

use super::{address, failed, let_steer, look::look_up, said};

/// A strategy to start from.
struct Example {
    name: &'static str,
    toml: &'static str,
}

macro_rules! examples {
    ($($name:literal)*) => {
        [$(Example {
            name: $name,
            toml: include_str!(concat!("../../../../docs/strategies/", $name, ".toml")),
        }),*]
    };
}

const EXAMPLES: [Example; 6] =
    examples!["simple" "shared-node" "nights" "careful" "searching" "dominant"];

/// What to start from.
#[derive(Deserialize)]
pub(crate) struct Start {
    #[serde(default)]
    example: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Draft {
    toml: String,
    /// The strategy that was in force when the form was shown.
    seen: String,
    action: Action,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Check,
    Set,
}

/// What is said about a draft.
enum Said {
    Nothing,
    /// It makes sense, and says this.
    Fine(StrategyText),
    Wrong(Refusal),
}

pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<NodeId>,
    Asked(start): Asked<Start>,
) -> Result<Page, PageError> {
    let_steer(&app, &caller, "look at strategy", &id).await?;
    let node = look_up(&app, &id).await?;
    let regulation = app.forwarder.regulation(&node.address).await;
    let in_force = regulation.map_err(|error| failed(&node.id, &error))?;
    let example = EXAMPLES.iter().find(|known| start.example.as_deref() == Some(known.name));
    let text = example.map_or(&*in_force.text.toml, |example| example.toml);
    Ok(page(&node.id, Some(&in_force), &in_force.text.toml, text, &Said::Nothing))
}

pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    Named(id): Named<NodeId>,
    Form(draft): Form<Draft>,
) -> Result<Response, PageError> {
    let action = if draft.action == Action::Set { "set strategy" } else { "check strategy" };
    let_steer(&app, &caller, action, &id).await?;
    let node = look_up(&app, &id).await?;
    let (toml, seen) = (own_line_ends(&draft.toml), own_line_ends(&draft.seen));
    // The user's text must not be lost over a node that does not answer.
    let regulation = app.forwarder.regulation(&node.address).await.ok();
    let in_force = regulation.as_ref().map_or(&*seen, |regulation| &*regulation.text.toml);
    let read = app.forwarder.read_strategy(&node.address, toml.clone()).await;
    let meanwhile = in_force.trim() != seen.trim();
    let (status, said) = match (read, draft.action) {
        (Err(error), _) => wrong(&error),
        (Ok(text), Action::Check) => (StatusCode::OK, Said::Fine(text)),
        (Ok(_), Action::Set) if meanwhile => (StatusCode::CONFLICT, changed_meanwhile()),
        (Ok(_), Action::Set) => {
            let set = app.forwarder.set_strategy(&node.address, toml.clone()).await;
            app.kept.nodes.forget(&id);
            match set {
                Ok(_) => return Ok(Redirect::to(&address(&node.id)).into_response()),
                Err(error) => wrong(&error),
            }
        }
    };
    let page = page(&node.id, regulation.as_ref(), in_force, &toml, &said);
    Ok((status, page).into_response())
}

fn wrong(error: &Unanswered) -> (StatusCode, Said) {
    let (status, line) = match error {
        Unanswered::Refused(problem) => (StatusCode::UNPROCESSABLE_ENTITY, problem.line),
        Unanswered::Silent(_) => (StatusCode::SERVICE_UNAVAILABLE, None),
    };
    (status, Said::Wrong(Refusal { message: said(error), line, column: None }))
}

fn changed_meanwhile() -> Said {
    let message = "somebody else has changed the strategy since you began; what would change now \
                   is told below, if you check again";
    Said::Wrong(message.to_owned().into())
}

fn page(
    id: &NodeId,
    regulation: Option<&Regulation>,
    in_force: &str,
    toml: &str,
    said: &Said,
) -> Page {
    let content = html! {
        p.crumb {
            a href="/nodes" { "Nodes" } " / " a href=(address(id)) { (id) } " / Strategy"
        }
        section {
            h1.name { "Strategy of " (id) }
            p.hint {
                "Running jobs go on and waiting jobs wait on, whatever you change"
                @if let Some(Regulation { running, waiting, .. }) = regulation {
                    ": now " (words::count(*running)) " run and " (words::count(*waiting)) " wait"
                }
                "."
            }
            (examples(id))
            (form(id, in_force, toml, said))
        }
        @if let (Some(regulation), Said::Fine(text)) = (regulation, said) {
            (comparison(&regulation.text, text))
        }
    };
    Page::new(format!("Strategy of {id}"), Place::Nodes, content)
}

fn examples(id: &NodeId) -> Markup {
    let path = format!("{}/strategy", address(id));
    html! {
        nav.choice aria-label="Where to start" {
            span.hint { "Start from" }
            a href=(path) { "the one in force" }
            @for Example { name, .. } in &EXAMPLES {
                a href={ (path) "?example=" (name) } { (name) }
            }
        }
    }
}

fn form(id: &NodeId, in_force: &str, toml: &str, said: &Said) -> Markup {
    let wrong = match said {
        Said::Wrong(wrong) => Some(wrong),
        _ => None,
    };
    html! {
        form.editor method="post" action={ (address(id)) "/strategy" } {
            label for="toml" { "The strategy, in TOML. Comments are for you: the node does not keep them." }
            (area("toml", 16, toml, wrong))
            input type="hidden" name="seen" value=(in_force);
            div.actions {
                button name="action" value="check" { "Check" }
                button.primary name="action" value="set" { "Put in force" }
                a href=(address(id)) { "Leave it as it is" }
            }
        }
    }
}

/// What would change.
fn comparison(before: &StrategyText, after: &StrategyText) -> Markup {
    html! {
        section #changes {
            h2 { "What will change" }
            @if before.toml == after.toml {
                p { "Nothing: this is the strategy in force." }
            } @else {
                ol.changes {
                    @for step in steps(&before.words, &after.words) {
                        @match step {
                            Step::Same(_, at) => li { (after.words[at]) },
                            Step::Removed(at) => li.removed { del { (before.words[at]) } },
                            Step::Added(at) => li.added { ins { (after.words[at]) } },
                        }
                    }
                }
                p.hint { "It is in force as soon as you say so, and after a restart, too." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_one_of_the_documented_strategies() {
        for Example { name, toml } in &EXAMPLES {
            assert!(toml.contains("gates"), "{name}");
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/strategies");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), EXAMPLES.len());
    }
}
