//! The form above the list: it asks by its address, and so can be kept and shared.

use maud::{Markup, html};

use super::filter::{Filter, Standing};

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
                    (field("from", "From day (UTC)", "date", filter.from.map(|day| day.to_string()).as_deref()))
                    (field("until", "To day (UTC)", "date", filter.until.map(|day| day.to_string()).as_deref()))
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
