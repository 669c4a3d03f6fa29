//! The jobs that a node has: under way, and waiting.

use maud::{Markup, html};
use schema::{Held, HeldState, Regulation};

use crate::pages::words;

pub(super) fn sections(held: &[Held], regulation: &Regulation) -> Markup {
    let (waiting, under_way): (Vec<_>, Vec<_>) =
        held.iter().partition(|held| held.state == HeldState::Waiting);
    html! {
        section #running {
            h2 { "Under way" }
            @if under_way.is_empty() {
                p.hint { "Nothing." }
            } @else {
                ol.held { @for held in &under_way { (running(held)) } }
            }
            (more(under_way.len(), regulation.running))
        }
        section #waiting {
            h2 { "Waiting" }
            @if waiting.is_empty() {
                p.hint { "Nothing." }
            } @else {
                ol.held { @for held in &waiting { (waits(held)) } }
            }
            (more(waiting.len(), regulation.waiting + regulation.set_aside))
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
        li {
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
        li {
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

/// How many there are beside those that are shown.
fn more(shown: usize, all: u64) -> Markup {
    let more = all.saturating_sub(shown as u64);
    html! { @if more > 0 { p.hint { "… and " (words::count(more)) " more." } } }
}
