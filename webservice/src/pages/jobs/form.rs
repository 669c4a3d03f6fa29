//! The form above the list: it asks by its address, and so can be kept and shared.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::{
    filter::{Filter, Standing},
    moment::Bound,
};

pub(super) fn form(filter: &Filter) -> Markup {
    let more = [&filter.kind, &filter.table].into_iter().any(Option::is_some)
        || filter.from.is_some()
        || filter.until.is_some();
    html! {
        form.filters role="search" action="/jobs" {
            (field("text", "Name or message", "search", filter.text.as_deref()))
            label { "Status" select name="status" {
                option value="" { "any" }
                @for standing in Standing::ALL {
                    option value=(standing.as_str()) selected[filter.status == Some(standing)] {
                        (standing.as_str())
                    }
                }
            } }
            (field("tenant", "Crop", "text", filter.tenant.as_deref()))
            (field("user", "User", "text", filter.user.as_deref()))
            details open[more] {
                summary { "More" }
                div.fields {
                    (field("table", "Table written", "text", filter.table.as_deref()))
                    (field("kind", "Kind", "text", filter.kind.as_deref()))
                    (day("from", "From day", filter.from.map(|from| (from, from.begin()))))
                    (day("until", "To day", filter.until.map(|until| (until, last(until)))))
                }
            }
            div.actions {
                button.primary { "Show" }
                @if !filter.is_empty() { a.button href="/jobs" { "Clear" } }
            }
        }
    }
}

fn field(name: &str, says: &str, kind: &str, value: Option<&str>) -> Markup {
    html! {
        label { (says) input type=(kind) name=(name) value=[value] autocomplete="off"; }
    }
}

/// The last moment within a bound.
fn last(until: Bound) -> Timestamp {
    until.end().checked_sub(SignedDuration::from_millis(1)).unwrap_or(Timestamp::MIN)
}

/// A day, given a moment of it: in UTC as it is sent; the script makes it one in the reader's zone, and
/// has the form tell moments.
fn day(name: &str, says: &str, value: Option<(Bound, Timestamp)>) -> Markup {
    let shown = value.map(|(_, within)| within.strftime("%Y-%m-%d").to_string());
    html! {
        label {
            span { (says) " (" span data-zone { "UTC" } ")" }
            input type="date" name=(name) value=[shown] autocomplete="off"
                data-asked=[value.map(|(bound, _)| bound.to_string())]
                data-within=[value.map(|(_, within)| within.to_string())];
        }
    }
}
