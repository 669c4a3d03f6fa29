//! F15: many clients send the same under one key at once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use serde_json::Value;
use tokio::{sync::Barrier, task::JoinSet};

use crate::system::Settings;

use super::{
    super::{Bench, line::Line, order::Order, trial::Trial},
    Figure,
};

/// How many clients there are.
const CLIENTS: usize = 100;
/// How long everything may take to settle.
const PATIENCE: Duration = Duration::from_secs(60);

/// One round after the other, each with a key of its own.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let trial = Trial::start(bench, Figure::F15, Settings::default()).await?;
    for round in 0..bench.args.faults {
        let order = Order::sleep(format!("F15-{}-{round}", bench.args.seed), 1);
        let answers = at_once(&trial, &order).await?;
        judge(&trial, &order, &answers);
    }
    trial.system.until_settled(PATIENCE).await?;
    let line = Line::of(Figure::F15, format!("{} rounds of {CLIENTS}", bench.args.faults));
    trial.finish(line).await
}

/// Every answer's status and job, and how often it was given.
type Answers = BTreeMap<(u16, String), usize>;

async fn at_once(trial: &Trial<'_>, order: &Order) -> anyhow::Result<Answers> {
    let barrier = Arc::new(Barrier::new(CLIENTS));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (mut wire, body) = (trial.system.wire(), order.body());
        let barrier = Arc::clone(&barrier);
        clients.spawn(async move {
            barrier.wait().await;
            let answer = wire.call("POST", "/instruction", &body).await.context("submit")?;
            let id = answer.json::<Value>()?["job"]["id"].to_string();
            anyhow::Ok((answer.status, id))
        });
    }
    let mut answers = Answers::new();
    while let Some(client) = clients.join_next().await {
        *answers.entry(client.context("join a client")??).or_default() += 1;
    }
    Ok(answers)
}

/// One was told that it created the job; whoever else was served was told of the same job.
fn judge(trial: &Trial<'_>, order: &Order, answers: &Answers) {
    let created: usize =
        answers.iter().filter(|((status, _), _)| *status == 201).map(|(_, count)| count).sum();
    let served = answers.keys().filter(|(status, _)| matches!(status, 200 | 201));
    let jobs: std::collections::BTreeSet<_> = served.map(|(_, id)| id).collect();
    let other = answers.keys().any(|(status, _)| !matches!(status, 200 | 201 | 503));
    if created != 1 || jobs.len() != 1 || other {
        trial.ledger.wrong(format!("{}: {answers:?}", order.key));
    }
}
