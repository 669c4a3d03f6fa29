//! The SHA-256 of an output, taken while it is written.

use std::{
    fmt::Write as _,
    io,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use sha2::{Digest, Sha256};

/// From how many bytes on a checksum gets a thread of its own: it is by far the slowest part of
/// writing, and cannot be shared out.
const LARGE: u64 = 4 << 20;

/// How many buffers may wait for it, and how many are kept to be used again: enough that it has work
/// while writing stands still, as it does whenever the disk is brought up to date.
const WAITING: usize = 24;

/// How many bytes may wait for it: of buffers that hold very long lines, not even one.
const WAITING_BYTES: usize = 24 << 20;

/// A checksum that grows.
#[derive(Debug)]
pub(super) struct Sum {
    bytes: u64,
    way: Way,
    /// Buffers that are summed up and may be used again.
    spare: Vec<Vec<u8>>,
}

#[derive(Debug)]
enum Way {
    /// While the output is small.
    Here(Sha256),
    /// On a thread that gives the buffers back.
    Beside(Beside),
}

/// What is summed up elsewhere.
#[derive(Debug)]
struct Beside {
    give: SyncSender<Vec<u8>>,
    back: Receiver<Vec<u8>>,
    thread: JoinHandle<Sha256>,
    /// How many buffers were given and did not come back, and how long they are together.
    waiting: usize,
    waiting_bytes: usize,
}

impl Sum {
    pub(super) fn new() -> Self {
        Self { bytes: 0, way: Way::Here(Sha256::new()), spare: Vec::new() }
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: Vec<u8>) {
        self.bytes += bytes.len() as u64;
        match &mut self.way {
            Way::Here(sum) => {
                sum.update(&bytes);
                self.spare.push(bytes);
                self.spare.truncate(WAITING);
                if self.bytes >= LARGE {
                    // Where no thread can be had, it goes on here.
                    self.way = Beside::start(sum.clone())
                        .map_or_else(|_| Way::Here(sum.clone()), Way::Beside);
                }
            }
            Way::Beside(beside) => {
                beside.give(bytes, &mut self.spare);
                self.spare.truncate(WAITING);
            }
        }
    }

    /// An empty buffer, perhaps one that was used before.
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.clear();
        buffer
    }

    /// How many bytes there were.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The checksum in hexadecimal.
    pub(super) fn finish(self) -> String {
        let sum = match self.way {
            Way::Here(sum) => sum,
            Way::Beside(beside) => beside.finish(),
        };
        let mut text = String::new();
        for byte in sum.finalize() {
            let _ = write!(text, "{byte:02x}"); // A text takes everything.
        }
        text
    }
}

impl Beside {
    fn start(mut sum: Sha256) -> io::Result<Self> {
        let (give, taken) = sync_channel::<Vec<u8>>(WAITING);
        let (put, back) = sync_channel(WAITING);
        let thread = thread::Builder::new().name("checksum".to_owned()).spawn(move || {
            for bytes in taken {
                sum.update(&bytes);
                let _ = put.send(bytes); // At the end nobody wants them back.
            }
            sum
        })?;
        Ok(Self { give, back, thread, waiting: 0, waiting_bytes: 0 })
    }

    /// Gives a buffer, and adds those that came back to `spare`.
    fn give(&mut self, bytes: Vec<u8>, spare: &mut Vec<Vec<u8>>) {
        self.waiting += 1;
        self.waiting_bytes += bytes.len();
        self.give.send(bytes).expect("the thread ends when this side does");
        while let Some(bytes) = self.back() {
            self.waiting -= 1;
            self.waiting_bytes -= bytes.len();
            spare.push(bytes);
        }
    }

    /// A buffer that came back, waited for if there are too many that did not.
    fn back(&self) -> Option<Vec<u8>> {
        match self.waiting >= WAITING || self.waiting_bytes > WAITING_BYTES {
            true => self.back.recv().ok(),
            false => self.back.try_recv().ok(),
        }
    }

    fn finish(self) -> Sha256 {
        drop(self.give);
        drop(self.back);
        self.thread.join().expect("a checksum can be made of any bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_output_has_the_checksum_of_all_its_bytes() {
        let mut sum = Sum::new();
        let mut whole = Sha256::new();
        for i in 0..40 {
            let mut part = sum.buffer();
            assert!(part.is_empty());
            part.extend((0..300_000).map(|byte: u32| (byte % 251) as u8 ^ i));
            whole.update(&part);
            sum.update(part);
        }
        assert!(matches!(sum.way, Way::Beside(_)));
        assert_eq!(sum.bytes(), 12_000_000);
        let whole: String = whole.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sum.finish(), whole);
    }
}
