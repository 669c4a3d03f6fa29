//! Small pictures, drawn as SVG: no style and no script is needed to see them.

use std::time::Duration;

use maud::{Markup, html};

/// Bars from the left to the right, the last being now.
pub(super) fn bars(values: &[u64], says: &str) -> Markup {
    let top = values.iter().copied().max().unwrap_or_default().max(1);
    let bar = |(at, value): (usize, &u64)| {
        // What is not nothing can be seen.
        let height = (30.0 * *value as f64 / top as f64).max(1.0);
        (*value > 0).then(|| format!("M{} 30v-{height:.1}h3v{height:.1}z", 4 * at))
    };
    let path: String = values.iter().enumerate().filter_map(bar).collect();
    html! {
        svg.bars viewBox={ "0 0 " (values.len() * 4 - 1) " 30" } preserveAspectRatio="none" role="img"
            aria-label=(says) {
            path d=(path) {}
        }
    }
}

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

/// Parts of a whole, side by side; each with its class. Without words of its own where what stands
/// beside it says the same.
pub(super) fn parts(parts: &[(&str, f64)], says: Option<&str>) -> Markup {
    let mut x = 0.0;
    let placed = parts.iter().map(|(class, part)| {
        let from = x;
        x += part * 100.0;
        (class, from, part * 100.0)
    });
    html! {
        svg.parts viewBox="0 0 100 6" preserveAspectRatio="none"
            role=[says.map(|_| "img")] aria-label=[says] aria-hidden=[says.is_none().then_some("true")] {
            @for (class, from, width) in placed {
                rect class=(class) x=(format!("{from:.3}")) y="0" width=(format!("{width:.3}"))
                    height="6" {}
            }
        }
    }
}
