//! Gives up what a digest does not need. Nothing of it can be had back.

use std::{fmt, fs, io, num::NonZeroUsize, os::fd::AsFd as _, thread};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, LandlockStatus, PathBeneath, RestrictionStatus, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, make_bitflags,
};
use roots::{Directory, Roots};
use rustix::{
    io::Errno,
    process::{
        Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal,
        setrlimit,
    },
    thread::set_no_new_privs,
};

use super::frames::Order;
use crate::threads::lower_priority;

/// What the allocator sets aside of the address space for each core, used or not.
const ARENAS_A_CORE: u64 = 8 * (64 << 20);
/// The program, and the stacks of its threads.
const PROGRAM: u64 = 4 << 30;

/// How much likelier than others a digest is ended for want of memory, of 1000.
const OOM_SCORE: &str = "500";

/// What is asked of Landlock; of an older kernel, as much of it as it has.
const FILES: ABI = ABI::V5;
const NETWORK: ABI = ABI::V4;
const SIGNALS: ABI = ABI::V6;

/// Ends with the node, comes after everything else, and never gets more than it has.
pub(super) fn submit(order: &Order) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have been gone before that was set.
    if getppid().map(Pid::as_raw_pid) != i32::try_from(order.node).ok() {
        return Err(io::Error::other("the node is gone"));
    }
    set_no_new_privs(true)?;
    lower_priority();
    // Where memory runs out, a digest goes before the node. Not being allowed to is no reason to stop.
    let _ = fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    Ok(limit(order)?)
}

fn limit(order: &Order) -> Result<(), Errno> {
    let memory = order.sandbox.memory.0;
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get) as u64;
    let address_space = memory.saturating_add(PROGRAM + cores * ARENAS_A_CORE);
    set(Resource::Data, memory)?;
    set(Resource::As, address_space)?;
    set(Resource::Nofile, order.sandbox.open_files)?;
    set(Resource::Core, 0)?;
    match order.bounds.max_file {
        // The engine is exact; this holds whatever becomes of it. Spilled rows may need more.
        Some(bytes) => set(Resource::Fsize, bytes.max(memory)),
        None => Ok(()),
    }
}

fn set(resource: Resource, most: u64) -> Result<(), Errno> {
    let most = getrlimit(resource).maximum.map_or(most, |allowed| allowed.min(most));
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
}

/// What Landlock keeps a process from.
#[derive(Debug)]
pub(super) struct Level(RestrictionStatus);

impl Level {
    pub(super) fn is_enforced(&self) -> bool {
        self.0.ruleset != RulesetStatus::NotEnforced
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.landlock, &self.0.ruleset) {
            (LandlockStatus::Available { effective_abi, .. }, RulesetStatus::FullyEnforced) => {
                write!(f, "Landlock {effective_abi}, all of it")
            }
            (LandlockStatus::Available { effective_abi, .. }, RulesetStatus::PartiallyEnforced) => {
                write!(f, "Landlock {effective_abi}, as much as the kernel has")
            }
            _ => f.write_str("no Landlock: the kernel has none"),
        }
    }
}

/// Finds out what the kernel has, on a thread that does nothing else.
pub(super) fn try_out() -> anyhow::Result<Level> {
    let trial = || Ok(keep_to(&Roots::open(&[])?, &[])?);
    thread::spawn(trial).join().map_err(|_| anyhow::anyhow!("Landlock could not be tried out"))?
}

/// Keeps the calling thread, and those that it begins, from all files but those under the roots, which
/// can be read, and those in these folders, which can be written.
pub(super) fn keep_to(roots: &Roots, writes: &[Directory]) -> Result<Level, RulesetError> {
    let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let write = read | make_bitflags!(AccessFs::{WriteFile | Truncate | MakeReg | RemoveFile});
    let known = AccessFs::from_all(FILES);
    let readable = roots.handles().map(|root| PathBeneath::new(root, read & known));
    let writable = writes.iter().map(|folder| PathBeneath::new(folder.as_fd(), write & known));
    let allowed = readable.chain(writable).map(Ok::<_, RulesetError>);
    let rules = Ruleset::default()
        .handle_access(known)?
        .handle_access(AccessNet::from_all(NETWORK))?
        .scope(Scope::from_all(SIGNALS))?
        .create()?;
    rules.add_rules(allowed)?.restrict_self().map(Level)
}
