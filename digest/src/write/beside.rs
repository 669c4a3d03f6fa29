//! A large output is summed up and written by two threads, so that nobody else waits for either.

use std::{
    fs::File,
    io, iter,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use sha2::{Digest, Sha256};

use super::{block::Block, direct::Direct};

/// How many blocks go round: enough that the checksum, which takes longest, has work while the disk
/// is slow for a moment.
const BLOCKS: usize = 8;

/// How many blocks are written at once if so many wait: the more, the quicker a disk is.
const TOGETHER: usize = 4;

/// The two threads. Blocks go from here to the checksum, then to the disk, and come back empty.
#[derive(Debug)]
pub(super) struct Beside {
    give: SyncSender<Block>,
    back: Receiver<Block>,
    /// How many blocks there are already.
    blocks: usize,
    sum: JoinHandle<Sha256>,
    disk: JoinHandle<io::Result<()>>,
}

impl Beside {
    /// Begins a file.
    pub(super) fn start(file: File) -> io::Result<Self> {
        let (give, taken) = sync_channel(BLOCKS);
        let (pass, summed) = sync_channel(BLOCKS);
        let (put, back) = sync_channel(BLOCKS);
        let disk = thread::Builder::new()
            .name("write".to_owned())
            .spawn(move || write(Direct::new(file), &summed, &put))?;
        let sum = thread::Builder::new()
            .name("checksum".to_owned())
            .spawn(move || sum_up(taken, &pass))?;
        Ok(Self { give, back, blocks: 1, sum, disk })
    }

    /// Gives a block for an empty one; for none if it cannot be written.
    pub(super) fn exchange(&mut self, block: Block) -> Option<Block> {
        let another = block.another();
        self.give.send(block).ok()?;
        if let Ok(empty) = self.back.try_recv() {
            return Some(empty);
        }
        if self.blocks < BLOCKS {
            self.blocks += 1;
            return Some(another);
        }
        self.back.recv().ok()
    }

    /// Waits until everything is summed up and written.
    pub(super) fn finish(self, last: Block) -> io::Result<Sha256> {
        let _ = self.give.send(last); // What is wrong, the thread that ended before tells.
        drop(self.give);
        drop(self.back);
        let ended = |_| io::Error::other("a thread ended before its time");
        let sum = self.sum.join().map_err(ended)?;
        self.disk.join().map_err(ended)??;
        Ok(sum)
    }
}

fn sum_up(taken: Receiver<Block>, pass: &SyncSender<Block>) -> Sha256 {
    let mut sum = Sha256::new();
    for block in taken {
        sum.update(block.bytes());
        if pass.send(block).is_err() {
            break; // The other thread has failed, as the end will tell.
        }
    }
    sum
}

fn write(mut file: Direct, summed: &Receiver<Block>, put: &SyncSender<Block>) -> io::Result<()> {
    let mut blocks = Vec::with_capacity(TOGETHER);
    while let Ok(block) = summed.recv() {
        blocks.extend(iter::once(block).chain(summed.try_iter()).take(TOGETHER));
        file.write(&blocks)?;
        for mut block in blocks.drain(..) {
            block.clear();
            let _ = put.send(block); // At the end nobody wants it back.
        }
    }
    Ok(())
}
