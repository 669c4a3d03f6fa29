//! F7: a node is stopped at the worst moment, past its lease, and goes on when its work was done by
//! another.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use edge::{FAIL_VARIABLE, How, Step};

use crate::system::{Environment, Process, Settings, Signal, until};

use super::{
    super::{Bench, line::Line, order::Order, published::published, submit, trial::Trial},
    Figure,
};

/// How long a lease is, in seconds.
const LEASE_SECONDS: u32 = 1;
/// How long to wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a node's log says when its word comes too late.
const REFUSED: &str = "is not wanted";
/// Where a node is stopped: before its files get their names, and before it says how it ended.
const STEPS: [Step; 2] = [Step::Publishing, Step::Digested];

/// The node that is stopped, and the one that does its work.
const ZOMBIE: usize = 0;
const OTHER: usize = 1;

/// One digest after the other.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let settings = Settings { nodes: 2, lease_seconds: LEASE_SECONDS, ..Settings::default() };
    let mut trial = Trial::make(bench, Figure::F7, settings).await?;
    trial.system.start_web()?;
    trial.system.until_web_is_ready().await?;
    let rounds = bench.args.faults;
    for (round, step) in (0..rounds).zip(STEPS.into_iter().cycle()) {
        once(&mut trial, round, step).await.with_context(|| format!("round {round}"))?;
    }
    let (refused, late) = (trial.system.logged(ZOMBIE, REFUSED)?, rounds / 2);
    if refused < late as usize {
        trial.ledger.wrong(format!("{refused} of {late} late outcomes were refused"));
    }
    let result = format!(
        "{} stopped before publishing published nothing, {late} after it; {refused} late outcomes, \
         all refused",
        rounds - late
    );
    trial.finish(Line { result, ..Line::of(Figure::F7, format!("{rounds} stops")) }).await
}

async fn once(trial: &mut Trial<'_>, round: u32, step: Step) -> anyhow::Result<()> {
    let plan = format!("{}:{}:1", step.name(), How::Stop.name());
    trial.system.nodes[ZOMBIE].environment = vec![(FAIL_VARIABLE, plan)];
    trial.system.start_node(ZOMBIE)?;
    let (instruction, folder) = trial.system.sample(&format!("round-{round}"))?;
    let order = Order::digest(format!("F7-{round}"), instruction);
    submit::start(&trial.system, &trial.ledger, vec![order], Duration::ZERO).await??;
    let zombie = trial.system.nodes[ZOMBIE].process.as_ref().context("it was started")?;
    until("the node stands still", PATIENCE, async || Ok(zombie.is_stopped().then_some(())))
        .await?;
    trial.system.start_node(OTHER)?;
    trial.system.until_settled(PATIENCE).await?;
    let before = published(&folder)?;
    zombie_goes_on(trial).await?;
    // What the stopped node had written under passing names goes, and nothing else changes.
    for (path, file) in published(&folder)? {
        if before.get(&path) != Some(&file) {
            let path = path.display();
            trial.ledger.wrong(format!("round {round}: the stopped node published {path}"));
        }
    }
    ensure!(!before.is_empty(), "nothing was published");
    for number in [ZOMBIE, OTHER] {
        trial.system.nodes[number].environment = Environment::new();
        let process = trial.system.nodes[number].process.take();
        process.map_or(Ok(()), Process::kill)?;
    }
    Ok(())
}

/// The stopped node goes on, until it has nothing left to do and nothing left to say.
async fn zombie_goes_on(trial: &Trial<'_>) -> anyhow::Result<()> {
    let zombie = trial.system.nodes[ZOMBIE].process.as_ref().context("it was started")?;
    zombie.signal(Signal::Continue)?;
    let mut wire = trial.system.node_wire(ZOMBIE);
    until("the node holds nothing any more", PATIENCE, async || {
        let held = wire.call("GET", "/job", b"").await;
        Ok(held.is_ok_and(|held| held.status == 200 && held.body == b"[]").then_some(()))
    })
    .await
}
