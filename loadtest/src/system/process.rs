//! A process of the binary under test, and what can be done to it.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::process::{Pid, kill_process};

/// How often a process is looked at that is to end.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What a process may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// End in good order.
    Terminate,
    /// Stand still.
    Stop,
    /// Go on.
    Continue,
}

/// What a process is told beside its configuration.
pub(crate) type Environment = Vec<(&'static str, String)>;

/// A process that does not outlive this value.
pub(crate) struct Process(Child);

impl Process {
    /// Starts a role of the binary; its log goes on where an earlier one ended.
    pub(crate) fn start(
        digester: &Path,
        role: &str,
        config: &Path,
        log: &Path,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let log = File::options().create(true).append(true).open(log).context("open the log")?;
        let mut command = Command::new(digester);
        command.arg(role).arg("--config").arg(config);
        command.env_remove("DATABASE_URL").env("RUST_LOG", log_level());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().with_context(|| format!("start {}", digester.display()))?;
        Ok(Self(child))
    }

    /// Wraps a process started elsewhere, so that it ends with this value.
    pub(crate) const fn from_child(child: Child) -> Self {
        Self(child)
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.0.kill().context("kill the process")?;
        self.0.wait().context("wait for the killed process")?;
        Ok(())
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let signal = match signal {
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::Stop => rustix::process::Signal::STOP,
            Signal::Continue => rustix::process::Signal::CONT,
        };
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("a process has an id")?, signal).context("send a signal")
    }

    /// Asks it to end, and waits; says how long it took, and whether it went well.
    pub(crate) async fn terminate(
        mut self,
        patience: Duration,
    ) -> anyhow::Result<(Duration, ExitStatus)> {
        let begin = Instant::now();
        self.signal(Signal::Terminate)?;
        while begin.elapsed() < patience {
            if let Some(status) = self.0.try_wait()? {
                return Ok((begin.elapsed(), status));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        anyhow::bail!("the process did not end within {patience:?}")
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Whether it stands still.
    pub(crate) fn is_stopped(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()));
        let status = status.unwrap_or_default();
        status.lines().filter_map(|line| line.strip_prefix("State:")).any(|s| s.contains('T'))
    }

    /// Its memory, now and at most, in KiB.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let (now, peak) = (field("VmRSS:"), field("VmHWM:"));
        Ok(Memory { now: now.context("no VmRSS")?, peak: peak.context("no VmHWM")? })
    }
}

/// Resident memory, in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// At the moment.
    pub(crate) now: u64,
    /// At most so far.
    pub(crate) peak: u64,
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// `LOADTEST_LOG` chooses what the services write down; by default what went wrong.
fn log_level() -> String {
    std::env::var("LOADTEST_LOG").unwrap_or_else(|_| "warn".to_owned())
}
