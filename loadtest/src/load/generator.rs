//! Clients that hand in instructions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use schema::JobId;
use serde::Deserialize;
use tokio::{task::JoinSet, time::Instant};

use crate::system::{System, Wire};

use super::latency::Latency;

/// How large a request body is.
const BODY_BYTES: usize = 1024;
/// How many clients share an open loop: so many requests may be on their way at once.
const OPEN_CLIENTS: u32 = 64;

/// What the clients saw.
pub(super) struct Generated {
    /// Every job that was accepted.
    pub(super) jobs: Vec<JobId>,
    /// From when a request was to be sent to its answer.
    pub(super) latency: Latency,
    /// From the first request to the last answer.
    pub(super) duration: Duration,
}

/// When requests are sent.
#[derive(Clone, Copy)]
pub(super) enum Pace {
    /// So many clients, each as soon as its last request was answered.
    Closed { clients: u32 },
    /// At fixed times, whatever became of earlier ones.
    Open { per_second: u32 },
}

/// Sends so many requests with so many instructions each, which do nothing. A request that fails
/// fails the measurement.
pub(super) async fn run(
    system: &System,
    pace: Pace,
    count: u32,
    rows: u32,
) -> anyhow::Result<Generated> {
    let next = Arc::new(AtomicU32::new(0));
    let begin = Instant::now();
    let clients = match pace {
        Pace::Closed { clients } => clients,
        Pace::Open { .. } => OPEN_CLIENTS,
    };
    let mut running = JoinSet::new();
    for _ in 0..clients {
        running.spawn(client(system.wire(), pace, begin, Arc::clone(&next), count, rows));
    }
    let mut all =
        Generated { jobs: Vec::new(), latency: Latency::new()?, duration: Duration::ZERO };
    while let Some(client) = running.join_next().await {
        let (jobs, latency) = client.context("join a client")??;
        all.jobs.extend(jobs);
        all.latency.join(&latency)?;
    }
    all.duration = begin.elapsed();
    Ok(all)
}

async fn client(
    mut wire: Wire,
    pace: Pace,
    begin: Instant,
    next: Arc<AtomicU32>,
    count: u32,
    rows: u32,
) -> anyhow::Result<(Vec<JobId>, Latency)> {
    let body = body(rows);
    let (mut jobs, mut latency) = (Vec::new(), Latency::new()?);
    loop {
        let number = next.fetch_add(1, Relaxed);
        if number >= count {
            return Ok((jobs, latency));
        }
        let due = due(pace, begin, number).await;
        jobs.extend(submit(&mut wire, &body, rows).await?);
        latency.note(due.elapsed());
    }
}

/// Waits until the request is to be sent; when it was to be.
async fn due(pace: Pace, begin: Instant, number: u32) -> Instant {
    match pace {
        // No timer for no time: it would go off at the next tick, up to a millisecond later.
        Pace::Closed { .. } => Instant::now(),
        Pace::Open { per_second } => {
            let due = begin + Duration::from_secs(1) * number / per_second.max(1);
            tokio::time::sleep_until(due).await;
            due
        }
    }
}

/// An instruction to do nothing, as long as real ones are.
fn instruction() -> Vec<u8> {
    let (begin, end) = (r#"{"kind":"sleep","body":{"milliseconds":"#, "0}}");
    let room = BODY_BYTES - begin.len() - end.len();
    format!("{begin}{}{end}", " ".repeat(room)).into_bytes()
}

#[derive(Deserialize)]
struct Accepted {
    job: Created,
}

#[derive(Deserialize)]
struct AcceptedItem {
    accepted: Option<Accepted>,
}

#[derive(Deserialize)]
struct Created {
    id: JobId,
}

/// An instruction, or an array of so many.
fn body(rows: u32) -> Vec<u8> {
    match rows {
        1 => instruction(),
        rows => {
            let all = vec![instruction(); rows as usize].join(&b',');
            [&b"["[..], &all, b"]"].concat()
        }
    }
}

async fn submit(wire: &mut Wire, body: &[u8], rows: u32) -> anyhow::Result<Vec<JobId>> {
    let answer = wire.call("POST", "/instruction", body).await.context("submit")?;
    if rows == 1 {
        ensure!(answer.status == 201, "submitting was answered with {}", answer.status);
        return Ok(vec![answer.json::<Accepted>()?.job.id]);
    }
    ensure!(answer.status == 200, "submitting many was answered with {}", answer.status);
    let items: Vec<AcceptedItem> = answer.json()?;
    let ids = items.into_iter().filter_map(|item| Some(item.accepted?.job.id));
    let ids: Vec<_> = ids.collect();
    ensure!(ids.len() == rows as usize, "of {rows} instructions {} were accepted", ids.len());
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_has_its_size_and_can_be_read() {
        let body = instruction();
        assert_eq!(body.len(), BODY_BYTES);
        assert!(serde_json::from_slice::<schema::NewInstruction>(&body).is_ok());
        let many = serde_json::from_slice::<Vec<schema::NewInstruction>>(&super::body(3));
        assert_eq!(many.unwrap().len(), 3);
    }
}
