//! How good a matrix is: what is missing in it, what is heterozygous, and which calls it has.

use maud::{Markup, html};
use schema::MatrixReport;

use crate::pages::{chart, words};

/// How many calls are drawn; the rest is rare, and told as one.
const CALLS: usize = 16;

pub(super) fn section(matrix: &MatrixReport) -> Markup {
    html! {
        section #matrix {
            h2 { "Quality of the matrix" }
            p.hint {
                (words::counted(matrix.markers, "marker")) " × " (words::counted(matrix.samples, "sample"))
                " of " code { (matrix.data_set_type) }
            }
            div.rates {
                (rate("Missing", matrix.missing_rate, "missing"))
                @if let Some(rate) = matrix.heterozygosity {
                    (self::rate("Heterozygous", rate, "heterozygous"))
                }
            }
            @if !matrix.calls.is_empty() { (calls(matrix)) }
        }
    }
}

fn rate(name: &str, rate: f64, class: &str) -> Markup {
    let said = words::percent(rate);
    html! {
        figure.rate {
            figcaption { (name) " " b { (said) } }
            (chart::parts(&[(class, rate), ("rest", 1.0 - rate)], Some(&format!("{name}: {said}"))))
        }
    }
}

fn calls(matrix: &MatrixReport) -> Markup {
    let mut calls: Vec<_> =
        matrix.calls.iter().map(|(call, count)| (call.as_str(), *count)).collect();
    calls.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let all: u64 = calls.iter().map(|(_, count)| count).sum();
    let rest: u64 = calls.iter().skip(CALLS).map(|(_, count)| count).sum();
    let most = calls.first().map_or(1, |(_, count)| *count).max(1);
    calls.truncate(CALLS);
    calls.extend((rest > 0).then_some(("others", rest)));
    html! {
        h3 { "Calls" }
        ol.calls {
            @for (call, count) in calls {
                li {
                    code { (call) }
                    (chart::parts(&[("call", count as f64 / most as f64)], None))
                    span.number { (words::percent(count as f64 / all.max(1) as f64)) }
                    span.number.muted { (words::count(count)) }
                }
            }
        }
    }
}
