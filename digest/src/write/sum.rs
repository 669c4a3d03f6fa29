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

/// How many buffers may wait for it, and how many are kept to be used again.
const WAITING: usize = 8;

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
    Beside { give: SyncSender<Vec<u8>>, back: Receiver<Vec<u8>>, thread: JoinHandle<Sha256> },
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
                    self.way = beside(sum.clone()).unwrap_or_else(|_| Way::Here(sum.clone()));
                }
            }
            Way::Beside { give, back, .. } => {
                give.send(bytes).expect("the thread ends when this side does");
                self.spare.extend(back.try_iter());
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
            Way::Beside { give, thread, .. } => {
                drop(give);
                thread.join().expect("a checksum can be made of any bytes")
            }
        };
        let mut text = String::new();
        for byte in sum.finalize() {
            let _ = write!(text, "{byte:02x}"); // A text takes everything.
        }
        text
    }
}

fn beside(mut sum: Sha256) -> io::Result<Way> {
    let (give, taken) = sync_channel::<Vec<u8>>(WAITING);
    let (put, back) = sync_channel(WAITING);
    let thread = thread::Builder::new().name("checksum".to_owned()).spawn(move || {
        for bytes in taken {
            sum.update(&bytes);
            let _ = put.try_send(bytes); // More than are wanted back are let go.
        }
        sum
    })?;
    Ok(Way::Beside { give, back, thread })
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
        assert!(matches!(sum.way, Way::Beside { .. }));
        assert_eq!(sum.bytes(), 12_000_000);
        let whole: String = whole.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sum.finish(), whole);
    }
}
