//! What the facade needs of the service behind it.

use schema::{Instruction, Job, Key, NewInstruction};

/// What the facade needs of the service behind it.
pub trait Backend: Send + Sync + 'static {
    /// Writes instruction, job and first event in one transaction.
    fn accept(
        &self,
        new: NewInstruction,
    ) -> impl Future<Output = Result<Acceptance, BackendError>> + Send;

    /// The instruction kept under this key.
    fn instruction(
        &self,
        key: &Key,
    ) -> impl Future<Output = Result<Option<Instruction>, BackendError>> + Send;

    /// The newest job of this instruction.
    fn job(&self, key: &Key) -> impl Future<Output = Result<Option<Job>, BackendError>> + Send;
}

/// What became of a creation.
#[derive(Clone, Debug)]
pub enum Acceptance {
    /// Instruction, job and first event are written.
    Created(Job),
    /// The key was taken already; nothing was written.
    Exists(Job),
}

/// Why the service behind could not answer. It was logged where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendError {
    /// For a moment: trying again is worth it.
    Unavailable,
    /// The service is at fault.
    Internal,
}
