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

/// How many requests are under way at once.
const LANES: usize = 1;

/// What is answered to each patch. A web service that is away is so for all who spoke to it.
pub(crate) type Heard = Result<Answers, Arc<Away>>;

/// Brings claims, progress and outcomes to the web services, in the same requests where it can.
///
/// Each web service has a lane of its own: one that is slow keeps no words from the others. There are
/// no more of them than the configuration allows.
#[derive(Default)]
pub(crate) struct Speaker(Mutex<BTreeMap<String, Batcher<Callback>>>);

impl Speaker {
    /// Says these patches to a web service, together and in their order.
    pub(crate) async fn say(&self, to: &Callback, patches: Vec<AddressedPatch>) -> Heard {
        let lane = self.lane(to);
        lane.run(patches).await
    }

    fn lane(&self, to: &Callback) -> Batcher<Callback> {
        // Every change is one insertion: nothing is ever half done.
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(to.base().to_owned());
        lane.or_insert_with(|| Batcher::new(to.clone(), LANES)).clone()
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
        say_together(self, &words).await
    }
}

async fn say_together(callback: &Callback, words: &[Vec<AddressedPatch>]) -> Vec<Heard> {
    let all = words.concat();
    if all.len() == 1 {
        return vec![say_apart(callback, &all).await];
    }
    match callback.patch_all(&all).await {
        Ok(Ok(answers)) if answers.len() == all.len() => {
            let mut answers = answers.into_iter();
            words.iter().map(|some| Ok(answers.by_ref().take(some.len()).collect())).collect()
        }
        // Something among it is refused: the others must not suffer for it.
        Ok(_) => join_all(words.iter().map(|some| say_apart(callback, some))).await,
        Err(away) => {
            let away = Arc::new(away);
            words.iter().map(|_| Err(Arc::clone(&away))).collect()
        }
    }
}

async fn say_apart(callback: &Callback, patches: &[AddressedPatch]) -> Heard {
    let mut answers = Vec::with_capacity(patches.len());
    for patch in patches {
        answers.push(callback.patch(patch).await?);
    }
    Ok(answers)
}
