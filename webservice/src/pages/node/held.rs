//! The jobs that a node has: under way, and waiting.

use maud::{Markup, html};
use schema::{Held, HeldState, Regulation};

use crate::pages::{
    live::{List, Part},
    words,
};

use super::look::Look;

/// Those under way, and those that wait.
pub(super) fn lists(look: &Look) -> [List; 2] {
    match (&look.held, &look.regulation) {
        (Ok(held), Ok(regulation)) => known(held, regulation),
        _ => ["running", "waiting"]
            .map(|id| List { id, parts: vec![last(id, html! { "The node does not say." })] }),
    }
}

fn known(held: &[Held], regulation: &Regulation) -> [List; 2] {
    let (waiting, under_way): (Vec<_>, Vec<_>) =
        held.iter().partition(|held| held.state == HeldState::Waiting);
    let all_waiting = regulation.waiting + regulation.set_aside;
    [
        list("running", &under_way, running, regulation.running),
        list("waiting", &waiting, waits, all_waiting),
    ]
}

/// A line for each that is shown, and one for those that are not.
fn list(id: &'static str, shown: &[&Held], line: fn(&Held) -> Markup, all: u64) -> List {
    let part = |held: &&Held| Part { id: format!("held-{}", held.id), html: line(held) };
    let mut parts: Vec<_> = shown.iter().map(part).collect();
    let more = all.saturating_sub(shown.len() as u64);
    if more > 0 {
        parts.push(last(id, html! { "… and " (words::count(more)) " more." }));
    } else if parts.is_empty() {
        parts.push(last(id, html! { "Nothing." }));
    }
    List { id, parts }
}

fn last(list: &str, says: Markup) -> Part {
    let id = format!("{list}-last");
    Part { html: html! { li.last.hint #(id) { (says) } }, id }
}

/// A list where it stands on the page.
pub(super) fn section(title: &str, list: &List) -> Markup {
    html! {
        section {
            h2 { (title) }
            ol.held #(list.id) { (list) }
        }
    }
}

fn link(held: &Held) -> Markup {
    html! { a href={ "/jobs/" (held.id) } { (held.key) } }
}

fn running(held: &Held) -> Markup {
    let doing = match (held.state, &held.stage) {
        (HeldState::Reporting, _) => "reporting",
        (_, Some(stage)) => stage,
        (_, None) => "starting",
    };
    html! {
        li #{ "held-" (held.id) } {
            div.what { (link(held)) span.message { (doing) } }
            @match held.progress.filter(|progress| progress.total > 0) {
                Some(progress) => {
                    progress aria-label="Progress" max=(progress.total) value=(progress.done) {}
                    span.number {
                        (words::bytes(progress.done)) " of " (words::bytes(progress.total))
                    }
                }
                None => { span {} span {} }
            }
        }
    }
}

fn waits(held: &Held) -> Markup {
    html! {
        li #{ "held-" (held.id) } {
            div.what {
                (link(held))
                @match held.waits_for.is_empty() {
                    true => span.message { "It is about to start." },
                    false => @for reason in &held.waits_for { span.message { (reason) } },
                }
            }
            span {
                @if let (Some(place), Some(length)) = (held.place, held.queue_length) {
                    "place " b { (words::count(place)) } " of " (words::count(length))
                }
            }
            span { @if let Some(at) = held.expected_at { "expected " (words::moment(at)) } }
        }
    }
}
