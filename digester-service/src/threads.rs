//! Threads that digests run on, each alone on its own.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

/// How many threads may wait for another digest; further ones end with theirs.
const MAX_IDLE: usize = 64;
/// The nice value of digesting threads: whatever else the machine does comes first.
const NICE: i32 = 10;

/// Runs each digest on a thread of its own, and keeps the thread for another one: making one costs
/// more than a short job. Idle threads end with this.
#[derive(Default)]
pub(crate) struct Threads(Arc<Mutex<Vec<Idle>>>);

/// The way to a thread that waits for a digest. It is brought back with the digest.
struct Idle(SyncSender<(Digest, Idle)>);

type Digest = Box<dyn FnOnce() + Send>;

impl Threads {
    /// Runs this at low priority on a thread that does nothing else meanwhile. If it panics, its
    /// thread ends with it.
    pub(crate) fn run(&self, digest: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let digest = Box::new(digest);
        let idle = list(&self.0).pop();
        match idle {
            Some(Idle(way)) => {
                let sent = way.send((digest, Idle(way.clone())));
                sent.map_err(|_| io::Error::other("an idle thread has ended"))
            }
            None => self.begin(digest),
        }
    }

    fn begin(&self, first: Digest) -> io::Result<()> {
        let others = Arc::downgrade(&self.0);
        let (way, mine) = sync_channel(1);
        let work = move || {
            lower_priority();
            first();
            let mut way = Idle(way);
            while wait(&others, way) {
                let Ok((digest, back)) = mine.recv() else { return };
                digest();
                way = back;
            }
        };
        thread::Builder::new().name("digest".to_owned()).spawn(work).map(drop)
    }
}

/// Joins those that wait for a digest; `false` if there are enough of them, or nobody asks any more.
fn wait(others: &Weak<Mutex<Vec<Idle>>>, way: Idle) -> bool {
    let Some(others) = others.upgrade() else { return false };
    let mut idle = list(&others);
    let is_wanted = idle.len() < MAX_IDLE;
    if is_wanted {
        idle.push(way);
    }
    is_wanted
}

fn list(idle: &Mutex<Vec<Idle>>) -> MutexGuard<'_, Vec<Idle>> {
    // Every change is one insertion or removal: nothing is ever half done.
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets everything else on the machine go before the calling thread. To say so twice changes nothing:
/// threads begin as the one that began them.
pub(crate) fn lower_priority() {
    // On Linux the calling thread alone is meant. Not being allowed to is no reason to stop.
    let now = rustix::process::getpriority_process(None).unwrap_or_default();
    let _ = rustix::process::nice((NICE - now).max(0));
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, thread::ThreadId};

    use super::*;

    /// Runs one digest to its end; which thread it ran on.
    fn thread_of(threads: &Threads) -> ThreadId {
        let (tell, told) = sync_channel(1);
        threads.run(move || tell.send(thread::current().id()).unwrap()).unwrap();
        let ran_on = told.recv().unwrap();
        // It is idle a moment after it has told.
        while list(&threads.0).is_empty() {
            thread::yield_now();
        }
        ran_on
    }

    #[test]
    fn a_digesting_thread_comes_after_others_however_often_that_is_said() {
        let priorities = thread::spawn(|| {
            [(); 2].map(|()| {
                lower_priority();
                rustix::process::getpriority_process(None).unwrap()
            })
        });
        let [once, twice] = priorities.join().unwrap();
        assert!(once >= NICE && once == twice);
    }

    #[test]
    fn a_thread_is_kept_for_the_next_digest() {
        let threads = Threads::default();
        let ran_on: HashSet<_> = (0..3).map(|_| thread_of(&threads)).collect();
        assert_eq!(ran_on.len(), 1);
    }

    #[test]
    fn digests_at_the_same_time_have_a_thread_each() {
        let threads = Threads::default();
        let both = Arc::new(std::sync::Barrier::new(2));
        let (tell, told) = sync_channel(2);
        for _ in 0..2 {
            let (both, tell) = (Arc::clone(&both), tell.clone());
            let digest = move || {
                both.wait();
                tell.send(thread::current().id()).unwrap();
            };
            threads.run(digest).unwrap();
        }
        assert_ne!(told.recv().unwrap(), told.recv().unwrap());
    }

    #[test]
    fn a_thread_whose_digest_panicked_is_not_asked_again() {
        let threads = Threads::default();
        let (held, dropped) = sync_channel::<()>(1);
        threads
            .run(move || {
                let _held = held;
                panic!("as it should");
            })
            .unwrap();
        assert!(dropped.recv().is_err());
        thread_of(&threads);
        assert_eq!(list(&threads.0).len(), 1);
    }
}
