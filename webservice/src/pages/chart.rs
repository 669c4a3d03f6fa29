//! Small pictures, drawn as SVG: no style and no script is needed to see them.

use std::time::Duration;

use maud::{Markup, html};

/// One line of a time line: from when to when, of how long in all.
pub(super) fn span(from: Duration, to: Duration, all: Duration, class: &str) -> Markup {
    let place = |at: Duration| match all.is_zero() {
        true => 0.0,
        false => 100.0 * at.as_secs_f64() / all.as_secs_f64(),
    };
    let width = (place(to) - place(from)).max(0.6);
    let x = place(from).min(100.0 - width);
    html! {
        svg.span viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" {
            rect.rail x="0" y="1.5" width="100" height="1" {}
            rect class=(class) x=(format!("{x:.2}")) y="0" width=(format!("{width:.2}")) height="4"
                rx="0.4" {}
        }
    }
}

/// Parts of a whole, side by side; each with its class.
pub(super) fn parts(parts: &[(&str, f64)], says: &str) -> Markup {
    let mut x = 0.0;
    let placed = parts.iter().map(|(class, part)| {
        let from = x;
        x += part * 100.0;
        (class, from, part * 100.0)
    });
    html! {
        svg.parts viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=(says) {
            @for (class, from, width) in placed {
                rect class=(class) x=(format!("{from:.3}")) y="0" width=(format!("{width:.3}"))
                    height="6" {}
            }
        }
    }
}
