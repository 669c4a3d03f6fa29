//! The side of the digest: a process that has one thing to do.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, Stdin, Stdout},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use roots::{Directory, Roots};
use schema::{Kind, Progress};

use super::{
    Guard, calls, confine,
    frames::{Answer, Order, Said, Task, receive, send},
};
use crate::{
    Digester, Glance, Work,
    digester::{Bounds, Listener, digest_caught, preview_caught},
};

/// How much of the disk is asked for at once, as long as there is so much.
const AHEAD: u64 = 16 << 20;
/// How often progress is told at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(20);

/// Executes one order from standard input, and tells what comes of it on standard output: the role of
/// a process that a node starts. `digesters` makes the digester of a kind, if there is one.
pub fn digest_apart(
    digesters: impl FnOnce(&Kind, Bounds) -> anyhow::Result<Option<Box<dyn Digester>>>,
) -> anyhow::Result<()> {
    let order: Order = receive(&mut io::stdin()).context("read the order")?.context("no order")?;
    let memory = File::open("/proc/self/status").ok();
    confine::submit(&order).context("give up what is not needed")?;
    // Before there are threads: only those that begin later are bound by it, too.
    keep_to_its_folders(&order).context("give up other files")?;
    keep_to_its_calls(&order).context("give up other system calls")?;
    let digester = digesters(&order.kind, order.bounds).context("make the digester")?;
    let digester =
        digester.with_context(|| format!("there is no digester for “{}”", order.kind))?;
    let link = Arc::new(Link::new()?);
    let last_word = match (order.task, order.key) {
        (Task::Look(within), _) => {
            Said::Seen(preview_caught(&*digester, &order.instruction, &Glance::of(within)))
        }
        (Task::Digest, key) => {
            let key = key.context("a digest has a key")?;
            let work = Work::new(key, order.instruction, Arc::clone(&link));
            Said::Ended(digest_caught(&*digester, &work))
        }
    };
    if let Some(bytes) = memory.and_then(peak_memory) {
        link.say(&Said::HeldMemory(bytes));
    }
    link.say(&last_word);
    Ok(())
}

/// What cannot be opened here is told by the digest itself, with its place.
fn keep_to_its_folders(order: &Order) -> anyhow::Result<()> {
    if order.sandbox.landlock == Guard::Off {
        return Ok(());
    }
    let roots = Roots::open(&order.bounds.roots)?;
    let writes = order.writes.iter().filter_map(|folder| roots.make(folder).ok());
    let level = confine::keep_to(&roots, &writes.collect::<Vec<Directory>>())?;
    order.sandbox.landlock.demand(level.is_enforced(), "landlock")
}

fn keep_to_its_calls(order: &Order) -> anyhow::Result<()> {
    match order.sandbox.seccomp {
        Guard::Off => Ok(()),
        guard => guard.demand(calls::refuse().is_enforced(), "seccomp"),
    }
}

/// The most memory that the process has had.
fn peak_memory(mut status: File) -> Option<u64> {
    let mut text = String::new();
    status.rewind().ok()?;
    status.read_to_string(&mut text).ok()?;
    let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes << 10)
}

/// The way to the node, on which one thing is asked at a time.
struct Link {
    out: Mutex<Stdout>,
    answers: Mutex<Receiver<Answer>>,
    /// How much of the disk was granted and is not used.
    granted: Mutex<u64>,
    /// The node wants the end, or is gone.
    is_over: Arc<AtomicBool>,
    begun: Instant,
    /// When progress was told last, in milliseconds from the beginning.
    told: AtomicU64,
}

impl Link {
    fn new() -> io::Result<Self> {
        let (answer, answers) = sync_channel(1);
        let is_over = Arc::new(AtomicBool::new(false));
        let listening = Arc::clone(&is_over);
        let listen = move || {
            hear(&mut io::stdin(), &answer, &listening);
            listening.store(true, Relaxed);
        };
        thread::Builder::new().name("listen".to_owned()).spawn(listen)?;
        Ok(Self {
            out: Mutex::new(io::stdout()),
            answers: Mutex::new(answers),
            granted: Mutex::new(0),
            is_over,
            begun: Instant::now(),
            told: AtomicU64::new(0),
        })
    }

    fn say(&self, said: &Said) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if send(&mut *out, said).is_err() {
            self.is_over.store(true, Relaxed);
        }
    }

    /// Asks, and waits for the answer; none if the node is gone.
    fn ask(&self, question: &Said) -> Option<Answer> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        self.say(question);
        answers.recv().ok()
    }

    fn ask_for(&self, bytes: u64) -> Result<(), String> {
        match self.ask(&Said::Hold(bytes)) {
            Some(Answer::Hold(granted)) => granted,
            _ => Err("the node is gone".to_owned()),
        }
    }
}

fn hear(input: &mut Stdin, answer: &SyncSender<Answer>, is_over: &AtomicBool) {
    while let Ok(Some(heard)) = receive(input) {
        match heard {
            Answer::Stop => is_over.store(true, Relaxed),
            heard => {
                if answer.send(heard).is_err() {
                    return;
                }
            }
        }
    }
}

impl Listener for Arc<Link> {
    fn stage(&self, stage: &str, message: &str) {
        self.say(&Said::Stage { stage: stage.to_owned(), message: message.to_owned() });
    }

    fn progress(&self, progress: Progress) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let told = self.told.load(Relaxed);
        let is_due = now.saturating_sub(told) >= PROGRESS_EVERY.as_millis() as u64;
        // Who is done has nothing later to tell.
        if is_due || progress.done >= progress.total {
            self.told.store(now, Relaxed);
            self.say(&Said::Progress(progress));
        }
    }

    fn held_disk(&self, bytes: u64) {
        self.say(&Said::HeldDisk(bytes));
    }

    fn held_memory(&self, bytes: u64) {
        self.say(&Said::HeldMemory(bytes));
    }

    fn hold(&self, bytes: u64) -> Result<(), String> {
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        if *granted < bytes {
            let missing = bytes - *granted;
            // Where there is not so much, what is needed may still be there.
            *granted += match self.ask_for(missing.max(AHEAD)) {
                Ok(()) => missing.max(AHEAD),
                Err(_) => self.ask_for(missing).map(|()| missing)?,
            };
        }
        *granted -= bytes;
        Ok(())
    }

    fn may_publish(&self) -> bool {
        matches!(self.ask(&Said::Publish), Some(Answer::Publish(true)))
    }

    fn is_cancelled(&self) -> bool {
        self.is_over.load(Relaxed)
    }
}
