//! What decides on a node: the strategy in force, and how its budgets stand.

use maud::{Markup, html};
use schema::{BudgetReport, GateReport, NodeId, Regulation};

use crate::pages::words;

pub(super) fn section(id: &NodeId, regulation: &Regulation, steers: bool) -> Markup {
    html! {
        section #regulator {
            div.title {
                h2 { "What may start" }
                @if steers {
                    a.button href={ (super::address(id)) "/strategy" } { "Change the strategy" }
                }
            }
            ol.sentences { @for sentence in &regulation.text.words { li { (sentence) } } }
            @let gauges = gauges(&regulation.gates);
            @if !gauges.is_empty() {
                div.gauges { @for (name, budget) in gauges { (gauge(name, budget)) } }
            }
            (others(&regulation.gates))
            details {
                summary { "The strategy as it is written" }
                pre.text tabindex="0" role="region" aria-label="Strategy" { (regulation.text.toml) }
            }
        }
    }
}

fn gauges(gates: &[GateReport]) -> Vec<(&str, &BudgetReport)> {
    gates.iter().flat_map(|gate| gate.budgets.iter().map(|budget| (&*gate.name, budget))).collect()
}

/// How full a budget is, as a bar and in words.
fn gauge(gate: &str, budget: &BudgetReport) -> Markup {
    let (name, amount) = unit(&budget.name);
    let (used, capacity) = (amount(budget.used), amount(budget.capacity));
    html! {
        div.gauge title={ "gate " (gate) } {
            span { (name) }
            meter aria-label=(name) min="0" max=(budget.capacity) value=(budget.used) {
                (used) " of " (capacity)
            }
            b { (used) " of " (capacity) }
        }
    }
}

/// What a budget is called, and how so much of it is said.
fn unit(name: &str) -> (&str, fn(u64) -> String) {
    match name {
        "slots" => ("Slots", words::count),
        "cpu_milli" | "cpu" => ("Cores", |milli| format!("{}", milli as f64 / 1000.0)),
        "memory" => ("Memory", words::bytes),
        "scratch" => ("Scratch disk", words::bytes),
        "io" => ("I/O slots", words::count),
        other => (other, words::count),
    }
}

/// Gates without a budget, which tell in words how they stand. What is open needs no words.
fn others(gates: &[GateReport]) -> Markup {
    let told = gates.iter().filter(|gate| gate.budgets.is_empty() && gate.text != "open");
    let told: Vec<_> = told.collect();
    html! {
        @if !told.is_empty() {
            dl.facts {
                @for gate in told { div { dt { "Gate " (gate.name) } dd { (gate.text) } } }
            }
        }
    }
}
