//! The node's side: hears what the process of a digest says, and decides for it.

use std::{
    io,
    process::ExitStatus,
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant},
};

use schema::Preview;

use super::{
    disk::Disk,
    frames::{Answer, Order, Said, send},
    process::Process,
};
use crate::{Glance, Outcome, Work};

/// How often is looked whether the digest is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long it may take to stop by itself.
const GRACE: Duration = Duration::from_millis(150);
/// The same once outputs get their names: some of them would be less than none.
const GRACE_TO_PUBLISH: Duration = Duration::from_secs(30);

/// How it ended.
pub(super) enum Ending {
    /// As it says.
    Said(Outcome),
    /// By us, as it did not stop by itself.
    Stopped,
    /// By us, in this stage, as it held more of the disk than it may.
    Refused { why: String, stage: String },
    /// Otherwise, in this stage.
    Died { how: Death, stage: String },
}

/// How it ended that did not end well.
#[derive(Debug)]
pub(super) enum Death {
    /// By us, as it said what it should not.
    Babbled(io::Error),
    /// Without a word of how; with these last ones.
    Silent { status: Option<ExitStatus>, words: String },
}

/// Gives the order, and stays until the process has ended.
pub(super) fn attend(mut process: Process, order: &Order, work: &Work) -> Ending {
    let disk = Disk::watch(&order.bounds.roots, &order.writes);
    // Who dies before it has read its order is heard of below.
    let _ = send(&mut process.input, order);
    let mut attendance = Attendance::new(work, disk);
    let how = loop {
        match process.said.recv_timeout(LOOK_EVERY) {
            Ok(Ok(Said::Ended(outcome))) => return attendance.end(outcome, &process),
            Ok(Ok(said)) => attendance.hear(said, &mut process),
            Ok(Err(error)) => break Death::Babbled(error),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break silent(process),
        }
        if attendance.disk.is_due() {
            attendance.look_at_disk(&process);
        }
        if let Some(why) = attendance.refusal {
            return Ending::Refused { why, stage: attendance.stage };
        }
        if attendance.is_overdue(&mut process) {
            return Ending::Stopped;
        }
    };
    match work.is_cancelled() {
        true => Ending::Stopped,
        false => Ending::Died { how, stage: attendance.stage },
    }
}

/// Gives the order to look, and waits for what is seen; nothing if that takes too long.
pub(super) fn look(
    mut process: Process,
    order: &Order,
    glance: &Glance,
) -> Result<Option<Preview>, Death> {
    let _ = send(&mut process.input, order);
    loop {
        match process.said.recv_timeout(glance.left() + GRACE) {
            Ok(Ok(Said::Seen(seen))) => return Ok(seen),
            Ok(Ok(_)) if glance.left().is_zero() => return Ok(None),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(Death::Babbled(error)),
            Err(RecvTimeoutError::Timeout) => return Ok(None),
            Err(RecvTimeoutError::Disconnected) => return Err(silent(process)),
        }
    }
}

fn silent(mut process: Process) -> Death {
    // Should it live on without a voice, it ends here.
    process.kill();
    match process.wait() {
        Ok((status, words)) => Death::Silent { status: Some(status), words },
        Err(error) => Death::Silent { status: None, words: error.to_string() },
    }
}

struct Attendance<'a> {
    work: &'a Work,
    stage: String,
    may_publish: bool,
    told_to_stop: Option<Instant>,
    disk: Disk,
    /// How much of the disk was granted to it.
    granted: u64,
    /// The most that it was seen to hold, or said that it holds.
    most: u64,
    /// Why it may not have what it holds already.
    refusal: Option<String>,
}

impl<'a> Attendance<'a> {
    fn new(work: &'a Work, disk: Disk) -> Self {
        Self {
            work,
            stage: String::new(),
            may_publish: false,
            told_to_stop: None,
            disk,
            granted: 0,
            most: 0,
            refusal: None,
        }
    }

    fn hear(&mut self, said: Said, process: &mut Process) {
        let answer = match said {
            Said::Stage { stage, message } => {
                self.work.stage(&stage, &message);
                self.stage = stage;
                return;
            }
            Said::Progress(progress) => return self.work.progress(progress),
            Said::HeldDisk(bytes) => return self.held_disk(bytes),
            Said::HeldMemory(bytes) => return self.work.held_memory(bytes),
            Said::Hold(bytes) => Answer::Hold(self.hold(bytes)),
            Said::Publish => {
                // Who is quicker than the next look is looked at now.
                self.look_at_disk(process);
                self.may_publish = self.refusal.is_none() && self.work.may_publish();
                Answer::Publish(self.may_publish)
            }
            Said::Ended(_) | Said::Seen(_) => return,
        };
        let _ = send(&mut process.input, &answer); // Who does not hear it has ended.
    }

    fn hold(&mut self, bytes: u64) -> Result<(), String> {
        self.work.hold(bytes)?;
        self.granted = self.granted.saturating_add(bytes);
        Ok(())
    }

    fn held_disk(&mut self, bytes: u64) {
        if bytes > self.most {
            self.most = bytes;
            self.work.held_disk(bytes);
        }
    }

    /// What it holds without having asked counts as asked for.
    fn look_at_disk(&mut self, process: &Process) {
        let held = self.disk.held(process.id());
        self.held_disk(held);
        if let Some(more @ 1..) = held.checked_sub(self.granted) {
            self.refusal = self.hold(more).err();
        }
    }

    /// As it says, unless it is done and holds more than it may.
    fn end(mut self, outcome: Outcome, process: &Process) -> Ending {
        if matches!(outcome, Outcome::Completed { .. }) {
            // It need not have asked whether it may publish.
            self.look_at_disk(process);
        }
        match self.refusal {
            Some(why) => Ending::Refused { why, stage: self.stage },
            None => Ending::Said(outcome),
        }
    }

    /// Tells it to stop once that is wanted; whether it took too long to.
    fn is_overdue(&mut self, process: &mut Process) -> bool {
        match self.told_to_stop {
            None if self.work.is_cancelled() => {
                let _ = send(&mut process.input, &Answer::Stop);
                self.told_to_stop = Some(Instant::now());
                false
            }
            told => told.is_some_and(|when| when.elapsed() >= self.grace()),
        }
    }

    const fn grace(&self) -> Duration {
        if self.may_publish { GRACE_TO_PUBLISH } else { GRACE }
    }
}
