//! A large output is summed up and written by two threads, so that nobody else waits for either.

use std::{
    fs::File,
    io,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use sha2::{Digest, Sha256};

use super::{block::Block, direct::Direct};

/// How many blocks go round: enough that the checksum, which takes longest, has work while the disk
/// is slow for a moment.
const BLOCKS: usize = 8;

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
    /// Goes on with a checksum and a file.
    pub(super) fn start(mut sum: Sha256, file: File) -> io::Result<Self> {
        let (give, taken) = sync_channel::<Block>(BLOCKS);
        let (pass, summed) = sync_channel::<Block>(BLOCKS);
        let (put, back) = sync_channel(BLOCKS);
        let disk = thread::Builder::new().name("write".to_owned()).spawn(move || {
            let mut file = Direct::new(file);
            for mut block in summed {
                file.write(block.bytes())?;
                block.clear();
                let _ = put.send(block); // At the end nobody wants it back.
            }
            Ok(())
        })?;
        let sum = thread::Builder::new().name("checksum".to_owned()).spawn(move || {
            for block in taken {
                sum.update(block.bytes());
                if pass.send(block).is_err() {
                    break; // The other thread has failed, as the end will tell.
                }
            }
            sum
        })?;
        Ok(Self { give, back, blocks: 1, sum, disk })
    }

    /// Gives a block for an empty one; for none if it cannot be written.
    pub(super) fn exchange(&mut self, block: Block) -> Option<Block> {
        self.give.send(block).ok()?;
        if let Ok(empty) = self.back.try_recv() {
            return Some(empty);
        }
        if self.blocks < BLOCKS {
            self.blocks += 1;
            return Some(Block::default());
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
