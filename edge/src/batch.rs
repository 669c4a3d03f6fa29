//! Doing together what many ask for at once.

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use crate::Pace;

/// Work that costs less for many items at once than for each alone: a commit, a request.
pub trait Batched: Send + Sync + 'static {
    /// What a caller brings.
    type Item: Send + 'static;
    /// What a caller gets for it.
    type Answer: Send + 'static;

    /// The most that the items of one batch may weigh; a single item may weigh more.
    const MAX_WEIGHT: usize;
    /// The shortest time from a batch of many to the next.
    const EVERY: Duration;
    /// How many items must wait, at least, for another batch to begin while one is under way.
    const ANOTHER_LANE_FROM: usize = 1;

    /// How often everybody who is ready to do something does it before a batch begins: whoever was
    /// answered a moment ago may be about to ask again.
    const TURNS: usize = 1;

    /// What an item takes of a batch.
    fn weigh(&self, item: &Self::Item) -> usize;

    /// Does the work; one answer for each item, in their order.
    fn carry_out(&self, items: Vec<Self::Item>) -> impl Future<Output = Vec<Self::Answer>> + Send;
}

/// Gathers what concurrent callers bring into batches.
///
/// Nobody waits for company while nothing is under way: who comes then goes at once, alone if need
/// be. Who comes later goes with the next batch, which begins when the one before is done, or, in
/// another lane, when as many wait as are under way. So batches grow with the load, and only with
/// it. What was brought is carried out even if its caller does not wait for the answer.
pub struct Batcher<W: Batched>(Arc<Shared<W>>);

struct Shared<W: Batched> {
    work: W,
    queue: Mutex<Queue<W>>,
}

struct Queue<W: Batched> {
    waiting: VecDeque<Asked<W>>,
    /// How many items are under way, in all lanes together.
    under_way: usize,
    free_lanes: usize,
    /// A lane is about to take what waits.
    gathering: bool,
    pace: Pace,
}

/// An item, and who waits for the answer.
type Asked<W> = (<W as Batched>::Item, Caller<W>);
type Caller<W> = oneshot::Sender<<W as Batched>::Answer>;

impl<W: Batched> Clone for Batcher<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: Batched> Batcher<W> {
    /// Carries out as many batches at a time as there are lanes.
    #[must_use]
    pub fn new(work: W, lanes: usize) -> Self {
        let queue = Mutex::new(Queue {
            waiting: VecDeque::new(),
            under_way: 0,
            free_lanes: lanes,
            gathering: false,
            pace: Pace::new(W::EVERY),
        });
        Self(Arc::new(Shared { work, queue }))
    }

    /// Has the item carried out.
    ///
    /// # Panics
    ///
    /// If the work panicked over the batch that the item went with.
    pub async fn run(&self, item: W::Item) -> W::Answer {
        let (caller, answer) = oneshot::channel();
        if self.0.queue().push(item, caller) {
            tokio::spawn(Arc::clone(&self.0).run_lane());
        }
        answer.await.expect("the work answers every item unless it panics")
    }
}

impl<W: Batched> Shared<W> {
    /// Carries out batch after batch as long as that is worth it.
    async fn run_lane(self: Arc<Self>) {
        loop {
            let wait = self.queue().pace.wait_until();
            if let Some(begin) = wait {
                tokio::time::sleep_until(begin).await;
            }
            // Whoever is ready to ask does so now, and goes along.
            for _ in 0..W::TURNS {
                tokio::task::yield_now().await;
            }
            let batch = self.queue().take(&self.work);
            let (items, callers): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            let work = AssertUnwindSafe(self.work.carry_out(items)).catch_unwind();
            let answers = work.await.into_iter().flatten();
            let goes_on = self.queue().done(callers.len());
            // After a panic the callers are dropped unanswered, which tells them.
            for (answer, caller) in answers.zip(callers) {
                // A caller that has left wants no answer.
                let _ = caller.send(answer);
            }
            if !goes_on {
                return;
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<W>> {
        // Every change is one insertion, removal or assignment: nothing is ever half done.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Batched> Queue<W> {
    /// Lets the item wait; `true` if a lane is to be run now.
    fn push(&mut self, item: W::Item, caller: Caller<W>) -> bool {
        self.waiting.push_back((item, caller));
        self.free_lanes > 0 && self.begin()
    }

    /// What goes now: as much as there is room for in a batch.
    fn take(&mut self, work: &W) -> Vec<Asked<W>> {
        self.gathering = false;
        let mut weight = 0;
        let fit = self.waiting.iter().take_while(|(item, _)| {
            weight += work.weigh(item);
            weight <= W::MAX_WEIGHT
        });
        let count = fit.count().max(1);
        self.pace.gathered(count);
        self.under_way += count;
        self.waiting.drain(..count).collect()
    }

    /// A batch of so many is done; `true` if its lane is to go on.
    fn done(&mut self, count: usize) -> bool {
        self.under_way -= count;
        self.free_lanes += 1;
        self.begin()
    }

    /// Takes a lane if that is worth it: as many wait as are under way, and not too few; and nobody
    /// else is about to take them.
    fn begin(&mut self) -> bool {
        let enough = match self.under_way {
            0 => 1,
            under_way => under_way.max(W::ANOTHER_LANE_FROM),
        };
        let is_worth_it = self.waiting.len() >= enough;
        let begins = is_worth_it && !self.gathering;
        if begins {
            self.gathering = true;
            self.free_lanes -= 1;
        }
        begins
    }
}

#[cfg(test)]
mod tests {
    use tokio::{sync::Semaphore, task::JoinSet};

    use super::*;

    /// Answers with the size of the batch, once it may go.
    struct Gate<const LEAST: usize> {
        open: Arc<Semaphore>,
    }

    impl<const LEAST: usize> Batched for Gate<LEAST> {
        type Item = usize;
        type Answer = usize;

        const MAX_WEIGHT: usize = 10;
        const EVERY: Duration = Duration::ZERO;
        const ANOTHER_LANE_FROM: usize = LEAST;

        fn weigh(&self, item: &usize) -> usize {
            *item
        }

        async fn carry_out(&self, items: Vec<usize>) -> Vec<usize> {
            self.open.acquire().await.expect("it stays open").forget();
            assert!(!items.contains(&0), "nothing weighs nothing");
            vec![items.len(); items.len()]
        }
    }

    /// Brings items one after the other, opens the gate, and returns the sizes of their batches.
    async fn sizes(lanes: usize, items: &[usize]) -> Vec<Option<usize>> {
        sizes_from::<1>(lanes, items).await
    }

    /// The same, with so many at least that must wait for another lane.
    async fn sizes_from<const LEAST: usize>(lanes: usize, items: &[usize]) -> Vec<Option<usize>> {
        let open = Arc::new(Semaphore::new(0));
        let batcher = Batcher::new(Gate::<LEAST> { open: Arc::clone(&open) }, lanes);
        let mut callers = JoinSet::new();
        for (place, item) in items.iter().copied().enumerate() {
            let batcher = batcher.clone();
            let run = async move { batcher.run(item).await };
            callers.spawn(async move { (place, tokio::spawn(run).await.ok()) });
            // Until the lanes are taken by those who came first.
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        }
        open.add_permits(items.len());
        let mut sizes = callers.join_all().await;
        sizes.sort_unstable();
        sizes.into_iter().map(|(_, size)| size).collect()
    }

    #[tokio::test]
    async fn who_comes_first_goes_alone_and_who_waits_goes_together() {
        assert_eq!(sizes(1, &[1, 1, 1, 1]).await, [Some(1), Some(3), Some(3), Some(3)]);
    }

    #[tokio::test]
    async fn another_lane_is_used_once_as_many_wait_as_are_under_way() {
        let sizes = sizes(9, &[1; 7]).await;
        assert_eq!(sizes, [1, 1, 2, 2, 3, 3, 3].map(Some));
    }

    #[tokio::test]
    async fn a_few_wait_for_the_lane_that_is_in_use() {
        let sizes = sizes_from::<3>(9, &[1; 7]).await;
        assert_eq!(sizes, [1, 3, 3, 3, 3, 3, 3].map(Some));
    }

    #[tokio::test]
    async fn a_batch_weighs_no_more_than_it_may_unless_it_is_a_single_item() {
        let sizes = sizes(1, &[1, 6, 4, 6, 30]).await;
        assert_eq!(sizes, [Some(1), Some(2), Some(2), Some(1), Some(1)]);
    }

    #[tokio::test]
    async fn a_panic_is_felt_by_its_own_batch_and_by_no_other() {
        assert_eq!(sizes(1, &[0, 1, 1]).await, [None, Some(2), Some(2)]);
    }
}
