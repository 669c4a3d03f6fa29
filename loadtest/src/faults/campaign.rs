//! Carries a plan out.

use std::time::{Duration, Instant};

use crate::system::{Cluster, Hogs, Proxy, Signal, System, Weather};

use super::{
    Bench,
    ledger::Ledger,
    plan::{Fault, Step},
};

/// How many spinning neighbours starve the services.
const HOGS: usize = 6;
/// How long a service may take to end when it is told to.
const END_PATIENCE: Duration = Duration::from_secs(20);

/// Breaks one thing after the other. A service that ends by itself is noted, and started again.
pub(super) async fn run(
    system: &mut System,
    bench: &Bench,
    ledger: &Ledger,
    steps: &[Step],
) -> anyhow::Result<()> {
    for step in steps {
        tokio::time::sleep(step.pause).await;
        carry_out(system, bench, ledger, step.fault).await?;
        revive(system, ledger)?;
    }
    Ok(())
}

async fn carry_out(
    system: &mut System,
    bench: &Bench,
    ledger: &Ledger,
    fault: Fault,
) -> anyhow::Result<()> {
    match fault {
        Fault::KillNode(number) => kill_node(system, number)?,
        Fault::KillWeb => kill_web(system)?,
        Fault::RestartDatabase => restart_database(system, &bench.cluster, ledger).await?,
        Fault::TerminateNode(number) => terminate_node(system, ledger, number).await?,
        Fault::TerminateWeb => terminate_web(system, ledger).await?,
        Fault::ChangeWeb => {
            bench.change(&mut system.web_digester);
            terminate_web(system, ledger).await?;
            system.until_web_is_ready().await?;
        }
        Fault::ChangeNode(number) => {
            bench.change(&mut system.nodes[number].digester);
            terminate_node(system, ledger, number).await?;
            system.until_node_is_ready(number).await?;
        }
        Fault::StopNode(number, time) => {
            if let Some(process) = &system.nodes[number].process {
                process.signal(Signal::Stop)?;
                tokio::time::sleep(time).await;
                process.signal(Signal::Continue)?;
            }
        }
        Fault::StopWeb(time) => {
            if let Some(process) = &system.web {
                process.signal(Signal::Stop)?;
                tokio::time::sleep(time).await;
                process.signal(Signal::Continue)?;
            }
        }
        Fault::ToWeb(weather, time) => spell(system.to_web.iter(), weather, time).await,
        Fault::ToNodes(weather, time) => {
            let roads = system.nodes.iter().filter_map(|node| node.to_node.as_ref());
            spell(roads, weather, time).await;
        }
        Fault::Starve(time) => {
            let hogs = Hogs::start(HOGS)?;
            tokio::time::sleep(time).await;
            drop(hogs);
        }
    }
    Ok(())
}

/// Kills a digester service, and starts it again at once.
pub(super) fn kill_node(system: &mut System, number: usize) -> anyhow::Result<()> {
    if let Some(process) = system.nodes[number].process.take() {
        process.kill()?;
    }
    system.start_node(number)
}

/// Kills the web service, and starts it again at once.
pub(super) fn kill_web(system: &mut System) -> anyhow::Result<()> {
    if let Some(process) = system.web.take() {
        process.kill()?;
    }
    system.start_web()
}

async fn restart_database(
    system: &System,
    cluster: &Cluster,
    ledger: &Ledger,
) -> anyhow::Result<()> {
    let begin = Instant::now();
    cluster.restart()?;
    ledger.entries().outages.push(begin.elapsed());
    let begin = Instant::now();
    system.until_web_is_ready().await?;
    ledger.entries().recoveries.push(begin.elapsed());
    Ok(())
}

async fn terminate_node(system: &mut System, ledger: &Ledger, number: usize) -> anyhow::Result<()> {
    if let Some(process) = system.nodes[number].process.take() {
        let (took, status) = process.terminate(END_PATIENCE).await?;
        note_end(ledger, &system.nodes[number].name, took, status.success());
    }
    system.start_node(number)
}

async fn terminate_web(system: &mut System, ledger: &Ledger) -> anyhow::Result<()> {
    if let Some(process) = system.web.take() {
        let (took, status) = process.terminate(END_PATIENCE).await?;
        note_end(ledger, "the web service", took, status.success());
    }
    system.start_web()
}

fn note_end(ledger: &Ledger, who: &str, took: Duration, well: bool) {
    ledger.entries().recoveries.push(took);
    if !well {
        ledger.wrong(format!("{who} did not end well when it was told to"));
    }
}

async fn spell(roads: impl Iterator<Item = &Proxy>, weather: Weather, time: Duration) {
    let roads: Vec<_> = roads.collect();
    roads.iter().for_each(|road| road.set(weather));
    tokio::time::sleep(time).await;
    roads.iter().for_each(|road| road.set(Weather::FAIR));
}

fn revive(system: &mut System, ledger: &Ledger) -> anyhow::Result<()> {
    if system.web.as_mut().is_some_and(|process| !process.is_alive()) {
        ledger.wrong("the web service ended by itself".to_owned());
        system.start_web()?;
    }
    for number in 0..system.nodes.len() {
        let node = &mut system.nodes[number];
        if node.process.as_mut().is_some_and(|process| !process.is_alive()) {
            ledger.wrong(format!("{} ended by itself", node.name));
            system.start_node(number)?;
        }
    }
    Ok(())
}
