//! Says what attempts have to say, the words of many in one request when many speak at once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use edge::{Batched, Batcher};
use futures_util::future::join_all;
use schema::AddressedPatch;

use crate::callback::{Answers, Away, Callback};

/// How many requests are under way at once.
const LANES: usize = 1;

/// What is answered to each patch. A web service that is away is so for all who spoke to it.
pub(crate) type Heard = Result<Answers, Arc<Away>>;

/// Brings claims and progress to the web services; outcomes go by the courier.
pub(crate) struct Speaker(Batcher<Speaking>);

impl Speaker {
    pub(crate) fn new(callback: Callback) -> Self {
        Self(Batcher::new(Speaking { callback }, LANES))
    }

    /// Says these patches to a web service, together and in their order.
    pub(crate) async fn say(&self, to: &Callback, patches: Vec<AddressedPatch>) -> Heard {
        self.0.run(Words { to: to.base().to_owned(), patches }).await
    }
}

struct Words {
    to: String,
    patches: Vec<AddressedPatch>,
}

struct Speaking {
    callback: Callback,
}

impl Batched for Speaking {
    type Item = Words;
    type Answer = Heard;

    const MAX_WEIGHT: usize = 500;
    const EVERY: Duration = Duration::from_millis(10);

    fn weigh(&self, words: &Words) -> usize {
        words.patches.len()
    }

    async fn carry_out(&self, items: Vec<Words>) -> Vec<Heard> {
        let mut places = BTreeMap::<_, Vec<_>>::new();
        for (place, words) in items.into_iter().enumerate() {
            places.entry(words.to).or_default().push((place, words.patches));
        }
        // One web service that is slow must not keep words from the others.
        let said = places.into_iter().map(|(to, words)| self.say(to, words));
        let mut heard: Vec<_> = join_all(said).await.into_iter().flatten().collect();
        heard.sort_unstable_by_key(|(place, _)| *place);
        heard.into_iter().map(|(_, heard)| heard).collect()
    }
}

impl Speaking {
    async fn say(
        &self,
        to: String,
        words: Vec<(usize, Vec<AddressedPatch>)>,
    ) -> Vec<(usize, Heard)> {
        let callback = self.callback.towards(&to);
        let (places, words): (Vec<_>, Vec<_>) = words.into_iter().unzip();
        places.into_iter().zip(say_together(&callback, &words).await).collect()
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
