//! Brings an output to disk while it is written, so that little is left to wait for at its end.

use std::{
    fs::File,
    io,
    sync::mpsc::{SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

/// After how many bytes the disk is set to work.
const STEP: u64 = 32 << 20;

/// What is written, and is not all on disk.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// Bytes since the disk was last set to work.
    bytes: u64,
    worker: Option<Worker>,
}

/// It waits for the disk, so that nobody else must.
#[derive(Debug)]
struct Worker {
    nudge: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl Ahead {
    /// So many bytes more were written.
    pub(super) fn wrote(&mut self, bytes: usize, file: &File) -> io::Result<()> {
        self.bytes += bytes as u64;
        if self.bytes < STEP {
            return Ok(());
        }
        self.bytes = 0;
        if self.worker.is_none() {
            self.worker = Worker::start(file.try_clone()?).ok(); // Else all is left to the end.
        }
        if let Some(worker) = &self.worker {
            let _ = worker.nudge.try_send(()); // It is at it, or has failed, as the end will tell.
        }
        Ok(())
    }

    /// Waits until everything is on disk.
    pub(super) fn finish(&mut self, file: &File) -> io::Result<()> {
        if let Some(Worker { nudge, thread }) = self.worker.take() {
            drop(nudge);
            // What went wrong there is told only once, so it must not be lost.
            thread.join().map_err(|_| io::Error::other("waiting for the disk failed"))??;
        }
        file.sync_all()
    }
}

impl Worker {
    fn start(file: File) -> io::Result<Self> {
        let (nudge, nudges) = sync_channel(1);
        let work = move || nudges.into_iter().try_for_each(|()| file.sync_data());
        let thread = thread::Builder::new().name("sync".to_owned()).spawn(work)?;
        Ok(Self { nudge, thread })
    }
}
