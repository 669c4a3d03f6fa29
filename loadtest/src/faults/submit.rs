//! Clients that submit until they are heard.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context as _, bail};
use schema::JobId;
use serde::Deserialize;
use tokio::{
    task::{JoinHandle, JoinSet},
    time::Instant,
};

use crate::system::{Answer, System, Wire};

use super::{ledger::Ledger, order::Order};

/// How many clients there are.
const CLIENTS: usize = 4;
/// How long a client goes on trying.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long a client waits before it tries again.
const PAUSE: Duration = Duration::from_millis(50);
/// Every so many orders are sent once more after they were acknowledged.
const TWICE_EVERY: usize = 10;

#[derive(Deserialize)]
struct Accepted {
    job: Created,
}

#[derive(Deserialize)]
struct Created {
    id: JobId,
}

/// Submits everything, spread over this time, in the background.
pub(super) fn start(
    system: &System,
    ledger: &Arc<Ledger>,
    orders: Vec<Order>,
    spread: Duration,
) -> JoinHandle<anyhow::Result<()>> {
    let next = Arc::new(AtomicUsize::new(0));
    let (orders, begin) = (Arc::new(orders), Instant::now());
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (mut wire, ledger) = (system.wire(), Arc::clone(ledger));
        let (next, orders) = (Arc::clone(&next), Arc::clone(&orders));
        clients.spawn(async move {
            loop {
                let number = next.fetch_add(1, Relaxed);
                let Some(order) = orders.get(number) else { return anyhow::Ok(()) };
                let share = f64_of(number) / f64_of(orders.len());
                tokio::time::sleep_until(begin + spread.mul_f64(share)).await;
                submit(&mut wire, &ledger, order).await?;
                if number % TWICE_EVERY == 0 {
                    submit(&mut wire, &ledger, order).await?;
                }
            }
        });
    }
    tokio::spawn(async move {
        while let Some(client) = clients.join_next().await {
            client.context("join a client")??;
        }
        Ok(())
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of a test are far below 2^52")]
const fn f64_of(count: usize) -> f64 {
    count as f64
}

/// Submits one order until it is acknowledged.
async fn submit(wire: &mut Wire, ledger: &Ledger, order: &Order) -> anyhow::Result<()> {
    let (body, begin) = (order.body(), Instant::now());
    while begin.elapsed() < PATIENCE {
        if let Ok(answer) = wire.call("POST", "/instruction", &body).await {
            if matches!(answer.status, 200 | 201) {
                ledger.accepted(&order.key, answer.json::<Accepted>()?.job.id, order.end);
                return Ok(());
            }
            judge(ledger, &answer);
        }
        ledger.retried();
        tokio::time::sleep(PAUSE).await;
    }
    bail!("{} was not accepted within {PATIENCE:?}", order.key)
}

/// Whoever is not served is to be told so, and when to come back.
fn judge(ledger: &Ledger, answer: &Answer) {
    if answer.status != 503 || answer.retry_after.is_none() {
        let body = String::from_utf8_lossy(&answer.body);
        ledger.wrong(format!("submitting was answered with {}: {body}", answer.status));
    }
}
