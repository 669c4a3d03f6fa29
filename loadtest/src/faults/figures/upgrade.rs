//! F11: an earlier release is replaced by this one under load, and the other way round.

use std::time::Duration;

use crate::system::Settings;

use super::{
    super::{
        Bench,
        line::Line,
        order::Order,
        plan::{Fault, Step},
        trial::Trial,
    },
    Figure,
};

/// How long versions work together before the next change.
const TOGETHER: Duration = Duration::from_millis(1500);

/// Goes forth, back and forth again: the web service first on the way forth, and last on the way back.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let Some(previous) = &bench.args.previous else {
        return Ok(Line::not_yet(Figure::F11, "an earlier release: name it with --previous"));
    };
    let settings = Settings { nodes: bench.args.nodes.max(2), ..Settings::default() };
    let mut trial = Trial::make(bench, Figure::F11, settings).await?;
    trial.system.web_digester.clone_from(previous);
    for node in &mut trial.system.nodes {
        node.digester.clone_from(previous);
    }
    trial.system.start().await?;
    let steps = changes(trial.system.nodes.len());
    let orders = trial.orders(Order::mixed);
    let converged = trial.run(orders, &steps).await?;
    let count = format!("{} changes, {} jobs", steps.len(), bench.args.jobs);
    let worst = format!("all {:.1} s after the last", converged.as_secs_f64());
    trial.finish(Line { worst, ..Line::of(Figure::F11, count) }).await
}

/// Each part in its turn.
fn changes(nodes: usize) -> Vec<Step> {
    let forth = || std::iter::once(Fault::ChangeWeb).chain((0..nodes).map(Fault::ChangeNode));
    let back = (0..nodes).map(Fault::ChangeNode).chain([Fault::ChangeWeb]);
    let all = forth().chain(back).chain(forth());
    all.map(|fault| Step { pause: TOGETHER, fault }).collect()
}
