//! What all pages share.

use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::{assets, live::Shown};

/// Which part of the pages one is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Jobs,
    Nodes,
    Elsewhere,
}

const PLACES: [(Place, &str, &str); 3] = [
    (Place::Overview, "/", "Overview"),
    (Place::Jobs, "/jobs", "Jobs"),
    (Place::Nodes, "/nodes", "Nodes"),
];

/// A whole page.
pub(super) struct Page {
    title: String,
    place: Place,
    content: Markup,
    live: Option<Live>,
}

/// How a page is kept up to date.
struct Live {
    /// Who tells what is new.
    address: String,
    /// What the page shows.
    seen: String,
}

impl Page {
    pub(super) fn new(title: impl Into<String>, place: Place, content: Markup) -> Self {
        Self { title: title.into(), place, content, live: None }
    }

    /// The same, kept up to date by what is told at this address.
    pub(super) fn live(mut self, address: String, shown: &Shown) -> Self {
        self.live = (!shown.over).then(|| Live { address, seen: shown.id() });
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        document(&self).into_response()
    }
}

fn document(page: &Page) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title) " · Digester" }
                link rel="icon" type="image/svg+xml" href=(assets::address("icon.svg"));
                link rel="stylesheet" href=(assets::address("style.css"));
                script type="module" src=(assets::address("pages.js")) {}
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                (header(page.place))
                main #content
                    data-live=[page.live.as_ref().map(|live| &live.address)]
                    data-seen=[page.live.as_ref().map(|live| &live.seen)] {
                    (page.content)
                }
                (footer())
            }
        }
    }
}

fn header(place: Place) -> Markup {
    html! {
        header.top {
            a.brand href="/" {
                img src=(assets::address("icon.svg")) alt="" width="22" height="22";
                "Digester"
            }
            nav aria-label="Main" {
                @for (is, path, name) in PLACES {
                    a href=(path) aria-current=[(is == place).then_some("page")] { (name) }
                }
            }
            span #state role="status" {}
        }
    }
}

fn footer() -> Markup {
    html! {
        footer {
            p {
                "Digester " (env!("CARGO_PKG_VERSION")) " · times in "
                span data-zone { "UTC" }
                " · "
                a href="/metrics" { "metrics" }
                " · "
                a href="/login" { "account" }
            }
        }
    }
}
