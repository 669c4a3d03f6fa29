//! Work spread over threads, taken in order.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel},
    time::Duration,
};

use rayon::{Scope, ThreadPool};

/// How long the coordinator waits before it asks again whether it shall go on.
const PATIENCE: Duration = Duration::from_millis(20);

/// How many items may be in flight, however light they are.
const ITEMS: usize = 256;

/// Where the items come from and where the results go.
pub(crate) trait Flow {
    type Item: Send;
    type Made: Send;
    type Stop: Send;

    /// The next item with its weight, if there is one.
    fn next(&mut self) -> Result<Option<(Self::Item, usize)>, Self::Stop>;
    /// Takes a result, in the order of the items.
    fn take(&mut self, made: Self::Made) -> Result<(), Self::Stop>;
    /// Whether to go on; asked again and again.
    fn check(&mut self) -> Result<(), Self::Stop>;
    /// What is in flight need not be finished.
    fn abort(&self);
}

/// Runs `work` on the pool's threads, and everything else on this one. No more than `limit` of
/// weight is in flight, but always one item.
pub(crate) fn in_order<F: Flow + Send>(
    pool: Option<&ThreadPool>,
    limit: usize,
    flow: &mut F,
    work: impl Fn(F::Item) -> F::Made + Sync,
) -> Result<(), F::Stop> {
    let work = &work;
    let pipeline = Pipeline { pool, limit, pending: VecDeque::new(), weight: 0 };
    match pool {
        Some(pool) => pool.in_place_scope(|scope| pipeline.run(scope, flow, work)),
        None => rayon::in_place_scope(|scope| pipeline.run(scope, flow, work)),
    }
}

/// What is in flight.
struct Pipeline<'p, M> {
    pool: Option<&'p ThreadPool>,
    limit: usize,
    pending: VecDeque<(Receiver<M>, usize)>,
    weight: usize,
}

impl<M: Send> Pipeline<'_, M> {
    /// Whatever ends it before its time, what is still in flight is told.
    fn run<'scope, F: Flow<Made = M>>(
        self,
        scope: &Scope<'scope>,
        flow: &mut F,
        work: &'scope (impl Fn(F::Item) -> M + Sync),
    ) -> Result<(), F::Stop>
    where
        F::Item: 'scope,
        M: 'scope,
    {
        let done = self.until_done(scope, flow, work);
        done.inspect_err(|_| flow.abort())
    }

    fn until_done<'scope, F: Flow<Made = M>>(
        mut self,
        scope: &Scope<'scope>,
        flow: &mut F,
        work: &'scope (impl Fn(F::Item) -> M + Sync),
    ) -> Result<(), F::Stop>
    where
        F::Item: 'scope,
        M: 'scope,
    {
        let mut more = true;
        loop {
            if more && self.has_room() {
                flow.check()?;
                let Some((item, weight)) = flow.next()? else {
                    more = false;
                    continue;
                };
                let (give, made) = sync_channel(1);
                scope.spawn(move |_| {
                    let _ = give.send(work(item)); // Nobody waits for it after an error.
                });
                self.weight += weight;
                self.pending.push_back((made, weight));
            }
            let Some((first, weight)) = self.pending.front() else { return Ok(()) };
            // What is there is taken at once: others wait for it. Else there may be more to begin.
            let made = match first.try_recv() {
                Err(TryRecvError::Empty) if more && self.has_room() => continue,
                Err(TryRecvError::Empty) => self.wait(first, flow)?,
                made => made.ok(),
            };
            // A panic of the work ends the wait here, and goes on where the scope ends.
            let Some(made) = made else { return Ok(()) };
            self.weight -= weight;
            self.pending.pop_front();
            flow.take(made)?;
        }
    }

    fn has_room(&self) -> bool {
        self.pending.is_empty() || (self.weight < self.limit && self.pending.len() < ITEMS)
    }

    /// Waits for a result. On one of the pool's own threads it helps with the work meanwhile.
    fn wait<F: Flow<Made = M>>(
        &self,
        made: &Receiver<M>,
        flow: &mut F,
    ) -> Result<Option<M>, F::Stop> {
        loop {
            flow.check()?;
            let yielded = match self.pool {
                Some(pool) => pool.yield_now(),
                None => rayon::yield_now(),
            };
            let patience = if yielded.is_some() { Duration::ZERO } else { PATIENCE };
            match made.recv_timeout(patience) {
                Ok(made) => return Ok(Some(made)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }
}
