//! Parts of an output, so laid in memory that the disk can take them from there.

/// What a part's place in memory and in its file must be a multiple of.
pub(super) const ALIGNMENT: usize = 4096;

/// How long a part is.
pub(super) const BLOCK_BYTES: usize = 2 << 20;

/// Room for a part; memory is taken when it is first filled.
#[derive(Debug, Default)]
pub(super) struct Block {
    memory: Vec<u8>,
    /// Where the aligned part of the memory begins.
    start: usize,
    /// How much of it is filled.
    filled: usize,
}

impl Block {
    /// Takes as many bytes as there is room for, and answers the others.
    pub(super) fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.memory.is_empty() {
            self.memory = vec![0; BLOCK_BYTES + ALIGNMENT];
            self.start = self.memory.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        }
        let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.filled));
        self.memory[self.start + self.filled..][..now.len()].copy_from_slice(now);
        self.filled += now.len();
        later
    }

    pub(super) fn is_full(&self) -> bool {
        self.filled == BLOCK_BYTES
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
        let mut block = Block::default();
        let bytes: Vec<u8> = (0..BLOCK_BYTES + 3).map(|i| (i % 251) as u8).collect();
        assert!(block.fill(&bytes[..5]).is_empty() && !block.is_full());
        assert_eq!(block.bytes().as_ptr().align_offset(ALIGNMENT), 0);
        assert_eq!(block.fill(&bytes[5..]), &bytes[BLOCK_BYTES..]);
        assert!(block.is_full() && block.bytes() == &bytes[..BLOCK_BYTES]);
        block.clear();
        assert!(block.bytes().is_empty());
    }
}
