//! Says what attempts have to say, the words of many in one request when many speak at once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use edge::{Batched, Batcher};
use futures_util::future::join_all;
use schema::AddressedPatch;

use crate::callback::{Answers, Away, Callback};

/// How many requests of one lane are under way at once.
const AT_ONCE: usize = 1;

/// What is answered to each patch. A web service that is away is so for all who spoke to it.
pub(crate) type Heard = Result<Answers, Arc<Away>>;

/// Brings claims, progress and outcomes to the web services, in the same requests where it can.
///
/// Each web service has lanes of its own: one that is slow keeps no words from the others. There are
/// no more of them than the configuration allows.
#[derive(Default)]
pub(crate) struct Speaker(Mutex<BTreeMap<String, Lanes>>);

/// The ways to one web service. Whoever claims holds a permit meanwhile, and must not wait until what
/// is already done is heard of.
#[derive(Clone)]
struct Lanes {
    claims: Batcher<Callback>,
    news: Batcher<Callback>,
}

impl Speaker {
    /// Asks a web service for a job.
    pub(crate) async fn claim(&self, to: &Callback, claim: AddressedPatch) -> Heard {
        let lane = self.lanes(to).claims;
        lane.run(vec![claim]).await
    }

    /// Tells a web service of attempts that hold their jobs, in this order.
    pub(crate) async fn say(&self, to: &Callback, patches: Vec<AddressedPatch>) -> Heard {
        let lane = self.lanes(to).news;
        lane.run(patches).await
    }

    fn lanes(&self, to: &Callback) -> Lanes {
        // Every change is one insertion: nothing is ever half done.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lanes) = all.get(to.base()) {
            return lanes.clone();
        }
        let lane = || Batcher::new(to.clone(), AT_ONCE);
        let lanes = Lanes { claims: lane(), news: lane() };
        all.insert(to.base().to_owned(), lanes.clone());
        lanes
    }
}

impl Batched for Callback {
    type Item = Vec<AddressedPatch>;
    type Answer = Heard;

    // As much as a web service takes at once.
    const MAX_WEIGHT: usize = 1000;
    const EVERY: Duration = Duration::from_millis(10);

    fn weigh(&self, patches: &Vec<AddressedPatch>) -> usize {
        patches.len()
    }

    async fn carry_out(&self, words: Vec<Vec<AddressedPatch>>) -> Vec<Heard> {
        let lengths: Vec<_> = words.iter().map(Vec::len).collect();
        say_together(self, words.into_iter().flatten().collect(), &lengths).await
    }
}

/// Says these patches in one request; one answer for each run of them, which are so long.
async fn say_together(
    callback: &Callback,
    all: Vec<AddressedPatch>,
    lengths: &[usize],
) -> Vec<Heard> {
    if all.len() == 1 {
        return vec![say_apart(callback, &all).await];
    }
    match callback.patch_all(&all).await {
        Ok(Ok(answers)) if answers.len() == all.len() => {
            let mut answers = answers.into_iter();
            lengths.iter().map(|&length| Ok(answers.by_ref().take(length).collect())).collect()
        }
        // Something among it is refused: the others must not suffer for it.
        Ok(_) => join_all(runs(&all, lengths).map(|some| say_apart(callback, some))).await,
        Err(away) => {
            let away = Arc::new(away);
            lengths.iter().map(|_| Err(Arc::clone(&away))).collect()
        }
    }
}

/// Cuts patches into runs that are so long.
fn runs<'a>(
    mut all: &'a [AddressedPatch],
    lengths: &[usize],
) -> impl Iterator<Item = &'a [AddressedPatch]> {
    lengths.iter().map(move |&length| {
        let (run, rest) = all.split_at(length);
        all = rest;
        run
    })
}

async fn say_apart(callback: &Callback, patches: &[AddressedPatch]) -> Heard {
    let mut answers = Vec::with_capacity(patches.len());
    for patch in patches {
        answers.push(callback.patch(patch).await?);
    }
    Ok(answers)
}
