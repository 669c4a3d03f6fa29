//! Brings journalled outcomes to the web service, however long it takes.

use std::{collections::BTreeMap, sync::Arc};

use edge::Backoff;
use schema::AddressedPatch;
use tracing::{error, warn};

use crate::{
    callback::{Away, Refusal},
    journal::{Mark, Parcel},
    node::Node,
};

/// How many outcomes go into one request.
const BATCH: usize = 100;

/// Delivers whatever the journal holds, as it comes, until dropped.
pub(crate) async fn run(node: Arc<Node>) {
    loop {
        deliver_all(&node).await;
        node.courier.notified().await;
    }
}

/// Delivers until nothing is left.
pub(crate) async fn deliver_all(node: &Node) {
    let mut backoff = Backoff::new(node.limits.max_backoff());
    loop {
        let parcels = node.journal.pending(BATCH);
        if parcels.is_empty() {
            return;
        }
        match deliver(node, parcels).await {
            Ok(()) => backoff.reset(),
            Err(away) => {
                tell_away(node, &away);
                tokio::time::sleep(backoff.pause(None)).await;
            }
        }
    }
}

async fn deliver(node: &Node, parcels: Vec<Parcel>) -> Result<(), Away> {
    let mut by_target = BTreeMap::<String, Vec<AddressedPatch>>::new();
    for Parcel { to, item } in parcels {
        by_target.entry(to).or_default().push(item);
    }
    let mut trouble = Ok(());
    for (to, items) in by_target {
        // One target that is away must not keep news from the others.
        match node.callback.towards(&to).patch_all(&items).await {
            Ok(answers) => {
                for (item, answer) in items.iter().zip(&answers) {
                    if let Err(refusal) = answer {
                        tell(item, *refusal);
                    }
                }
                settled(node, items.iter().take(answers.len()));
            }
            Err(away) => trouble = Err(away),
        }
    }
    trouble
}

/// Whatever the answer, there is nothing more to say.
fn settled<'a>(node: &Node, items: impl Iterator<Item = &'a AddressedPatch>) {
    let marks: Vec<Mark> = items.map(|item| (item.id, item.patch.attempt)).collect();
    if let Err(error) = node.journal.delivered(&marks) {
        // They would be delivered again after a restart, which does no harm.
        error!(%error, "could not note what was delivered");
    }
    for (job, _) in marks {
        node.intake.release(job);
    }
}

fn tell_away(node: &Node, away: &Away) {
    let depth = node.journal.depth();
    let error = away as &dyn std::error::Error;
    warn!(error, journal.depth = depth, "{depth} outcomes wait for the web service");
}

fn tell(item: &AddressedPatch, refusal: Refusal) {
    let id = item.id;
    warn!(job.id = %id, "the outcome of job {id} is not wanted: {refusal}");
}
