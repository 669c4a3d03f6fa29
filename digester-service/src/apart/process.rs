//! A process that ends with its handle.

use std::{
    io::{self, Read as _},
    os::unix::process::CommandExt as _,
    process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{
    Role, RunAs,
    frames::{Said, receive},
};

/// How many things may have been said that nobody has heard yet.
const UNHEARD: usize = 16;
/// How much of its last words is kept.
const WORDS: usize = 4 << 10;
/// How long its last words may take to come after its end.
const PATIENCE: Duration = Duration::from_millis(200);

/// The process of a digest. It leads a group of its own, so that what is meant for the node, such as
/// Ctrl-C, does not reach it, and nothing that it begins outlives it.
pub(super) struct Process {
    child: Child,
    pub(super) input: ChildStdin,
    /// What it says; ends when it does, or cannot be understood.
    pub(super) said: Receiver<io::Result<Said>>,
    words: Receiver<String>,
}

impl Process {
    /// Starts it. It inherits nothing of the environment, where secrets may be.
    pub(super) fn start(role: &Role, run_as: Option<RunAs>) -> io::Result<Self> {
        let [program, arguments @ ..] = &*role.0 else {
            return Err(io::Error::other("there is no program for it"));
        };
        let mut command = Command::new(program);
        command.args(arguments).env_clear().process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(RunAs { uid, gid }) = run_as {
            // Other groups are given up with the user.
            command.uid(uid).gid(gid);
        }
        Self::attached(command.spawn()?)
    }

    fn attached(mut child: Child) -> io::Result<Self> {
        let (input, output, errors) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(mut output), Some(errors)) = (input, output, errors) else {
            unreachable!("all three are piped");
        };
        let (hear, said) = sync_channel(UNHEARD);
        let (tell, words) = sync_channel(1);
        // Made first: should a thread be missing, the process ends with it.
        let process = Self { child, input, said, words };
        let listen = move || {
            while let Some(said) = receive(&mut output).transpose() {
                let is_clear = said.is_ok();
                if hear.send(said).is_err() || !is_clear {
                    return;
                }
            }
        };
        thread::Builder::new().name("listen".to_owned()).spawn(listen)?;
        let note = move || drop(tell.send(last_words(errors)));
        thread::Builder::new().name("last words".to_owned()).spawn(note)?;
        Ok(process)
    }

    /// Its number, which nobody else has as long as this is there.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it, if it has not ended yet.
    pub(super) fn kill(&mut self) {
        // Until it is waited for, nobody else can have its number.
        if let (Ok(None), Ok(pid)) = (self.child.try_wait(), i32::try_from(self.child.id()))
            && let Some(pid) = Pid::from_raw(pid)
        {
            let _ = kill_process_group(pid, Signal::KILL); // It may end at this very moment.
        }
    }

    /// How it ended, and its last words.
    pub(super) fn wait(mut self) -> io::Result<(ExitStatus, String)> {
        let status = self.child.wait()?;
        Ok((status, self.words.recv_timeout(PATIENCE).unwrap_or_default()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait(); // It was waited for already, or cannot be.
    }
}

/// The end of what it writes where errors go.
fn last_words(mut errors: ChildStderr) -> String {
    let (mut words, mut part) = (Vec::new(), [0; WORDS]);
    while let Ok(read @ 1..) = errors.read(&mut part) {
        words.extend_from_slice(&part[..read]);
        let before = words.len().saturating_sub(WORDS);
        words.drain(..before);
    }
    String::from_utf8_lossy(&words).trim().to_owned()
}
