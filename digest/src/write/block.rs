//! Parts of an output, so laid in memory that the disk can take them from there.

/// What a part's place in memory and in its file must be a multiple of.
pub(super) const ALIGNMENT: usize = 4096;

/// How long a part is at most.
const MOST: usize = 1 << 20;

/// How many parts the memory of a digest would hold.
const PARTS: usize = 64;

/// How long the parts of a digest are that may hold so much memory.
pub(super) fn block_bytes(memory: usize) -> usize {
    (memory / PARTS / ALIGNMENT * ALIGNMENT).clamp(ALIGNMENT, MOST)
}

/// Room for a part; memory is taken when it is first filled.
#[derive(Debug, Default)]
pub(super) struct Block {
    memory: Vec<u8>,
    /// How long the part may be.
    room: usize,
    /// Where the aligned part of the memory begins.
    start: usize,
    /// How much of it is filled.
    filled: usize,
}

impl Block {
    pub(super) fn new(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    /// Another one, as long as this.
    pub(super) fn another(&self) -> Self {
        Self::new(self.room)
    }

    /// Takes as many bytes as there is room for, and answers the others.
    pub(super) fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.memory.is_empty() {
            self.memory = vec![0; self.room + ALIGNMENT];
            self.start = self.memory.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        }
        let (now, later) = bytes.split_at(bytes.len().min(self.room - self.filled));
        self.memory[self.start + self.filled..][..now.len()].copy_from_slice(now);
        self.filled += now.len();
        later
    }

    pub(super) fn is_full(&self) -> bool {
        self.filled == self.room
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..][..self.filled]
    }

    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_lies_as_the_disk_wants_it_and_gives_back_what_was_put_in() {
        for room in [ALIGNMENT, 5 * ALIGNMENT] {
            let mut block = Block::new(room);
            let bytes: Vec<u8> = (0..room + 3).map(|i| (i % 251) as u8).collect();
            assert!(block.fill(&bytes[..5]).is_empty() && !block.is_full());
            assert_eq!(block.bytes().as_ptr().align_offset(ALIGNMENT), 0);
            assert_eq!(block.fill(&bytes[5..]), &bytes[room..]);
            assert!(block.is_full() && block.bytes() == &bytes[..room]);
            block.clear();
            assert!(block.bytes().is_empty());
        }
    }

    #[test]
    fn parts_are_aligned_and_as_long_as_memory_allows() {
        let lengths = [0, 1 << 20, 50 << 20, 192 << 20, 1 << 40].map(block_bytes);
        assert_eq!(lengths, [ALIGNMENT, 4 * ALIGNMENT, 200 * ALIGNMENT, MOST, MOST]);
    }
}
