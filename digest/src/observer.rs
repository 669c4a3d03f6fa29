//! Who watches a digest, and may end it.

use schema::Progress;

/// Where a digest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The instruction and the paths are checked.
    Validation,
    /// Files are read and tables made.
    Digest,
    /// A matrix is turned, and the outputs get their names.
    Transformation,
}

impl Stage {
    /// The word for it in a job's history.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Digest => "digest",
            Self::Transformation => "transformation",
        }
    }
}

/// Watches a digest, and may end it.
pub trait Observer: Sync {
    /// A stage begins.
    fn stage(&self, stage: Stage, message: &str);
    /// Bytes read of bytes to read.
    fn progress(&self, progress: Progress);
    /// Whether the digest shall end; asked every few milliseconds.
    fn is_cancelled(&self) -> bool;
    /// Whether the outputs may get their names; asked once, when everything else is done. It may
    /// take its time.
    fn may_publish(&self) -> bool {
        !self.is_cancelled()
    }
    /// Asked before so many more bytes of disk are held, by outputs that have no name yet or by what
    /// is spilled beside them. If they may not be, the answer says why, and the digest ends.
    fn hold(&self, _bytes: u64) -> Result<(), String> {
        Ok(())
    }
    /// The most bytes of disk that it held, outputs and what was spilled beside them; told once, of
    /// a digest that went well.
    fn held_disk(&self, _bytes: u64) {}
}

/// Watches nothing, ends nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn stage(&self, _: Stage, _: &str) {}
    fn progress(&self, _: Progress) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}
