//! Who is connected, and who makes way when there are too many.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// A bounded number of connections.
///
/// Connections that wait for their client cost others nothing, since they make way. A new one is the
/// last to do so: it takes as many others as there may be to push it out before it has spoken.
pub(super) struct Crowd {
    slots: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Those that wait for their clients, by when they began to.
    waiting: BTreeMap<u64, CancellationToken>,
    turns: u64,
    /// Somebody stands at the door, and nobody was there to make way.
    at_door: bool,
}

/// A connection's place among the others.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    /// When it began to wait for its client's present request.
    since: Mutex<u64>,
    leave: CancellationToken,
    _slot: OwnedSemaphorePermit,
}

impl Crowd {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { slots: Arc::new(Semaphore::new(most)), state: Mutex::default() })
    }

    /// A place for one more, once there is room; it waits for its client.
    pub(super) async fn enter(self: &Arc<Self>) -> Arc<Place> {
        let slots = Arc::clone(&self.slots);
        let slot = match Arc::clone(&slots).try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => {
                self.state().knock();
                slots.acquire_owned().await.expect("the semaphore is never closed")
            }
        };
        let leave = CancellationToken::new();
        let mut state = self.state();
        state.at_door = false;
        let since = state.turn();
        state.waiting.insert(since, leave.clone());
        Arc::new(Place { crowd: Arc::clone(self), since: Mutex::new(since), leave, _slot: slot })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one insertion, removal or assignment: nothing is ever half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    /// Has the one leave that has waited longest, now or as soon as there is one.
    fn knock(&mut self) {
        match self.waiting.pop_first() {
            Some((_, leave)) => leave.cancel(),
            None => self.at_door = true,
        }
    }
}

impl Place {
    /// The client waits for us: the connection stays.
    pub(super) fn is_ours_to_keep(&self) {
        let since = *self.since();
        self.crowd.state().waiting.remove(&since);
    }

    /// We wait for the rest of what the client sends.
    pub(super) fn waits_on(&self) {
        let since = *self.since();
        self.wait(since);
    }

    /// The client has its answer, and we wait for its next request.
    pub(super) fn waits_anew(&self) {
        let since = self.crowd.state().turn();
        *self.since() = since;
        self.wait(since);
    }

    fn wait(&self, since: u64) {
        let mut state = self.crowd.state();
        state.waiting.insert(since, self.leave.clone());
        if std::mem::take(&mut state.at_door) {
            state.knock();
        }
    }

    /// Returns once the connection is to make way for another.
    pub(super) async fn made_way(&self) {
        self.leave.cancelled().await;
    }

    fn since(&self) -> MutexGuard<'_, u64> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.is_ours_to_keep();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn leaves(place: &Place) -> bool {
        place.made_way().now_or_never().is_some()
    }

    #[tokio::test]
    async fn who_has_waited_longest_for_its_client_makes_way() {
        let crowd = Crowd::new(3);
        let (first, second, third) =
            (crowd.enter().await, crowd.enter().await, crowd.enter().await);
        second.is_ours_to_keep();
        first.is_ours_to_keep();
        first.waits_anew();
        let mut fourth = Box::pin(crowd.enter());
        assert!(fourth.as_mut().now_or_never().is_none());
        assert_eq!([&first, &second, &third].map(|place| leaves(place)), [false, false, true]);
        drop(third);
        let fourth = fourth.await;
        assert_eq!([&first, &second, &fourth].map(|place| leaves(place)), [false; 3]);
    }

    #[tokio::test]
    async fn a_request_that_trickles_in_does_not_pass_for_a_new_one() {
        let crowd = Crowd::new(2);
        let (slow, new) = (crowd.enter().await, crowd.enter().await);
        for _ in 0..3 {
            slow.is_ours_to_keep();
            slow.waits_on();
        }
        assert!(crowd.enter().now_or_never().is_none());
        assert!(leaves(&slow) && !leaves(&new));
    }

    #[tokio::test]
    async fn where_nobody_waits_for_a_client_the_first_who_does_makes_way() {
        let crowd = Crowd::new(2);
        let (one, other) = (crowd.enter().await, crowd.enter().await);
        one.is_ours_to_keep();
        other.is_ours_to_keep();
        let mut third = Box::pin(crowd.enter());
        assert!(third.as_mut().now_or_never().is_none());
        assert!(!leaves(&one) && !leaves(&other));
        other.waits_anew();
        assert!(!leaves(&one) && leaves(&other));
        drop(other);
        third.await;
        one.waits_anew();
        assert!(!leaves(&one), "nobody stands at the door any more");
    }
}
