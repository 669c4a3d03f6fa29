//! Digests in processes of their own, each of which can do little and takes nobody with it.
//!
//! The node starts its own program again in a hidden role, hands it one instruction, and speaks with
//! it over pipes. What decides stays here: whether to stop, whether there is room on the disk, whether
//! outputs may get their names.

mod attend;
mod calls;
mod child;
mod confine;
mod disk;
mod ending;
mod frames;
mod process;

use std::path::PathBuf;

use regulator::Bytes;
use schema::Preview;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracing::{debug, info, warn};

use self::{
    attend::{Ending, attend, look},
    frames::{Order, Task},
    process::Process,
};
use crate::{
    Digester, Glance, Outcome, Work,
    digester::{Bounds, failed, hopeless},
};

pub use child::digest_apart;

/// What a digest in a process of its own may do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sandbox {
    /// How much memory it may have.
    pub memory: Bytes,
    /// How many files it may have open.
    pub open_files: u64,
    /// Whether the kernel keeps it from files that are none of its business, and from the network.
    pub landlock: Guard,
    /// Whether the kernel refuses it the system calls that no digest has a use for.
    pub seccomp: Guard,
    /// Whom it runs as, where the service is root.
    pub run_as: Option<RunAs>,
    /// Whether work of kind `sleep` may harm the process it is in, to try what becomes of that.
    pub trials: bool,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            memory: Bytes(4 << 30),
            // Each part of a matrix that is spilled to be turned is one.
            open_files: 4096,
            landlock: Guard::default(),
            seccomp: Guard::default(),
            run_as: None,
            trials: false,
        }
    }
}

/// How much a guard is needed that not every kernel has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// As much as the kernel has.
    #[default]
    Best,
    /// The service does not start without it.
    Require,
    /// None.
    Off,
}

impl Guard {
    /// Makes sure that it is there, where it has to be.
    fn demand(self, is_enforced: bool, name: &str) -> anyhow::Result<()> {
        let is_enough = is_enforced || self != Self::Require;
        anyhow::ensure!(is_enough, "`sandbox.{name}` is required, and this kernel has none");
        Ok(())
    }
}

/// An account by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunAs {
    /// The user.
    pub uid: u32,
    /// The only group.
    pub gid: u32,
}

/// The program and its arguments that begin the role of [`digest_apart`].
#[derive(Clone, Debug)]
pub struct Role(pub Vec<PathBuf>);

/// Where digests run, other than in the service.
pub(crate) struct Apart {
    role: Role,
    sandbox: Sandbox,
    bounds: Bounds,
}

impl Apart {
    /// Makes sure that what is required can be had.
    pub(crate) fn new(role: Role, sandbox: Sandbox, bounds: Bounds) -> anyhow::Result<Self> {
        if sandbox.landlock != Guard::Off {
            let level = confine::try_out()?;
            info!("digests run in processes of their own, under {level}");
            sandbox.landlock.demand(level.is_enforced(), "landlock")?;
        }
        if sandbox.seccomp != Guard::Off {
            let level = calls::try_out()?;
            info!("of system calls: {level}");
            sandbox.seccomp.demand(level.is_enforced(), "seccomp")?;
        }
        Ok(Self { role, sandbox, bounds })
    }

    /// Executes the instruction in a process that ends with it.
    pub(crate) fn digest(&self, digester: &dyn Digester, work: &Work) -> Outcome {
        let order = Order {
            key: Some(work.key().clone()),
            writes: digester.writes(work.instruction()),
            ..self.order(Task::Digest, digester, work.instruction())
        };
        let before = ending::oom_kills();
        let ending = match Process::start(&self.role, self.sandbox.run_as) {
            Ok(process) => attend(process, &order, work),
            Err(error) => return failed(format!("the node has no process for the job: {error}")),
        };
        if !matches!(ending, Ending::Said(_)) {
            sweep(digester, work);
        }
        match ending {
            Ending::Said(outcome) => outcome,
            Ending::Stopped => Outcome::Stopped,
            Ending::Refused { why, stage } => {
                warn!("a digest held more of the disk than it asked for, and more than it may");
                ending::refused(why, stage)
            }
            Ending::Died { how, stage } => {
                warn!(?how, "the process of a digest died");
                let is_oom = ending::oom_kills() > before;
                ending::outcome(&how, is_oom, &self.sandbox, stage)
            }
        }
    }

    /// What would become of the instruction, found out in a process that ends with it.
    pub(crate) fn preview(
        &self,
        digester: &dyn Digester,
        instruction: &RawValue,
        glance: &Glance,
    ) -> Option<Preview> {
        let order = self.order(Task::Look(glance.left()), digester, instruction);
        let before = ending::oom_kills();
        let seen = match Process::start(&self.role, self.sandbox.run_as) {
            Ok(process) => look(process, &order, glance),
            Err(error) => {
                return Some(hopeless(format!("the node has no process for it: {error}")));
            }
        };
        seen.unwrap_or_else(|how| {
            warn!(?how, "the process of a look died");
            let is_oom = ending::oom_kills() > before;
            Some(hopeless(ending::words(&how, is_oom, &self.sandbox)))
        })
    }

    fn order(&self, task: Task, digester: &dyn Digester, instruction: &RawValue) -> Order {
        Order {
            node: std::process::id(),
            task,
            kind: digester.kind(),
            key: None,
            instruction: instruction.to_owned(),
            writes: Vec::new(),
            bounds: self.bounds.clone(),
            sandbox: self.sandbox.clone(),
        }
    }
}

/// Nothing is to be left of a process that did not end by itself.
fn sweep(digester: &dyn Digester, work: &Work) {
    if let Err(error) = digester.sweep(work.instruction()) {
        debug!(%error, "what a digest left waits for the next one");
    }
}
