//! Neighbours that take the processors away.

use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::Process;

/// Processes that only spin, until dropped.
pub(crate) struct Hogs {
    #[expect(dead_code, reason = "held, not used")]
    held: Vec<Process>,
}

impl Hogs {
    /// Lets so many of them loose.
    pub(crate) fn start(count: usize) -> anyhow::Result<Self> {
        let hog = |_| {
            let mut command = Command::new("sh");
            command.args(["-c", "while :; do :; done"]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            Ok(Process::from_child(command.spawn().context("start a hog")?))
        };
        let held = (0..count).map(hog).collect::<anyhow::Result<_>>()?;
        Ok(Self { held })
    }
}
