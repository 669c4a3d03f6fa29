//! Brings journalled outcomes to the web service, however long it takes.

use std::{sync::Arc, time::Duration};

use edge::{Backoff, Pace, Step};
use schema::{AddressedPatch, JobId, JobPatch};
use tracing::{error, warn};

use crate::{
    callback::{Answers, Away, Callback, Refusal},
    journal::{Mark, Parcel},
    node::Node,
};

/// The shortest time from a delivery of many to the next; no job waits for it.
const EVERY: Duration = Duration::from_millis(20);
/// How many patches go into one request.
const MAX_PATCHES: usize = 500;
/// How many bytes of reports and messages go into one request.
const MAX_BYTES: usize = 4 << 20;

/// Delivers whatever the journal holds, as it comes, until dropped.
pub(crate) async fn run(node: Arc<Node>) {
    let mut pace = pace();
    loop {
        deliver_all(&node, &mut pace).await;
        node.courier.notified().await;
    }
}

/// How fast deliveries follow each other.
pub(crate) const fn pace() -> Pace {
    Pace::new(EVERY)
}

/// Delivers until nothing is left.
pub(crate) async fn deliver_all(node: &Node, pace: &mut Pace) {
    let mut backoff = Backoff::new(node.limits.max_backoff());
    while node.journal.depth() > 0 {
        let mut trouble = None;
        for to in node.journal.targets() {
            // One target that is away must not keep news from the others.
            trouble = deliver(node, &to, pace).await.err().or(trouble);
        }
        let Some(away) = trouble else {
            backoff.reset();
            continue;
        };
        tell_away(node, &away);
        tokio::time::sleep(backoff.pause(None)).await;
    }
}

fn tell_away(node: &Node, away: &Away) {
    let (error, depth) = (away as &dyn std::error::Error, node.journal.depth());
    warn!(error, journal.depth = depth, "{depth} outcomes wait for the web service");
}

/// Delivers about as much as there is for one web service; what comes meanwhile must not keep news
/// from the others.
async fn deliver(node: &Node, to: &str, pace: &mut Pace) -> Result<(), Arc<Away>> {
    let callback = node.callback.towards(to);
    for _ in 0..=node.journal.depth() / MAX_PATCHES {
        pace.keep().await;
        let parcels = node.journal.pending(to, MAX_PATCHES, MAX_BYTES);
        pace.gathered(parcels.len());
        if parcels.is_empty() {
            break;
        }
        let items = in_rounds(&parcels);
        let marks: Vec<_> = items.iter().map(mark).collect();
        let answers = node.speaker.say(&callback, items).await?;
        let (heard, refused) = heard(&marks, &answers);
        settled(node, &heard);
        for parcel in parcels.iter().filter(|parcel| refused.contains(&parcel.mark())) {
            deliver_alone(&callback, &parcel.item).await?;
            settled(node, &[parcel.mark()]);
        }
    }
    Ok(())
}

/// The parcels' patches, each job's in its order, as few times one job after itself as can be: the
/// web service takes the patches of different jobs in one go.
fn in_rounds(parcels: &[Parcel]) -> Vec<AddressedPatch> {
    let rounds = parcels.iter().map(|parcel| parcel.earlier.len()).max().unwrap_or_default();
    let nth = |parcel: &Parcel, round: usize| -> Option<AddressedPatch> {
        match parcel.earlier.get(round) {
            Some(patch) => Some(AddressedPatch { patch: patch.clone(), ..parcel.item.clone() }),
            None => (round == parcel.earlier.len()).then(|| parcel.item.clone()),
        }
    };
    (0..=rounds).flat_map(|round| parcels.iter().filter_map(move |p| nth(p, round))).collect()
}

/// Which outcome this is; none if it is a stage, told before the outcome.
fn mark(item: &AddressedPatch) -> Option<Mark> {
    item.patch.status.map(|_| (item.id, item.patch.attempt))
}

/// Which outcomes have their answer, and in which ones the web service finds fault.
fn heard(marks: &[Option<Mark>], answers: &Answers) -> (Vec<Mark>, Vec<Mark>) {
    let (mut heard, mut refused) = (Vec::new(), Vec::new());
    let outcomes = marks.iter().zip(answers).filter_map(|(mark, answer)| Some(((*mark)?, answer)));
    for (mark, answer) in outcomes {
        match answer {
            Err(Refusal::Other) => {
                refused.push(mark);
                continue;
            }
            Err(refusal) => tell(mark.0, *refusal),
            Ok(_) => {}
        }
        heard.push(mark);
    }
    (heard, refused)
}

/// Delivers an outcome that was found fault with: without its report if need be.
async fn deliver_alone(callback: &Callback, item: &AddressedPatch) -> Result<(), Away> {
    let Err(refusal) = callback.patch(item).await? else { return Ok(()) };
    if refusal != Refusal::Other {
        tell(item.id, refusal);
        return Ok(());
    }
    let message = "its report was refused by the web service; the node's log says why";
    let bare = JobPatch { report: None, message: Some(message.to_owned()), ..item.patch.clone() };
    let bare = AddressedPatch { patch: bare, ..item.clone() };
    if let Err(refusal) = callback.patch(&bare).await? {
        error!(job.id = %item.id, "the outcome of job {} is lost: {refusal}", item.id);
    }
    Ok(())
}

fn settled(node: &Node, marks: &[Mark]) {
    Step::Delivered.pass();
    if let Err(error) = node.journal.delivered(marks) {
        // They would be delivered again after a restart, which does no harm.
        error!(%error, "could not note that outcomes were delivered");
    }
    for &(job, attempt) in marks {
        node.intake.release(job, attempt);
    }
    Step::Released.pass();
}

fn tell(id: JobId, refusal: Refusal) {
    warn!(job.id = %id, "the outcome of job {id} is not wanted: {refusal}");
}
