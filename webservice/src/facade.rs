//! What the facades towards older clients need of the service, done by the store.

use schema::{Instruction, Job, Key, NewInstruction};

use crate::{
    app::App,
    error::{ApiError, Doing as _},
    gobii::{Acceptance, Backend, BackendError},
    store,
};

impl Backend for App {
    async fn accept(&self, new: NewInstruction) -> Result<Acceptance, BackendError> {
        match self.accept_instruction(new).await.map_err(logged)? {
            store::instruction::Acceptance::Created(job) => Ok(Acceptance::Created(job)),
            store::instruction::Acceptance::Known(job)
            | store::instruction::Acceptance::Taken(job) => Ok(Acceptance::Exists(job)),
        }
    }

    async fn instruction(&self, key: &Key) -> Result<Option<Instruction>, BackendError> {
        let found = store::instruction::find(&self.db, key).await;
        found.doing("look up the instruction").map_err(logged)
    }

    async fn job(&self, key: &Key) -> Result<Option<Job>, BackendError> {
        store::job::latest_of(&self.db, key).await.doing("look up the job").map_err(logged)
    }
}

/// Logs the error, and says whether trying again is worth it.
fn logged(error: ApiError) -> BackendError {
    match error.problem().status {
        503 => BackendError::Unavailable,
        _ => BackendError::Internal,
    }
}
