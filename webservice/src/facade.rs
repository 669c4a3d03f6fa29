//! What the facades towards older clients need of the service, done by the store.

use std::slice;

use schema::{Instruction, Job, Key, NewInstruction, Role};

use crate::{
    access::{Deed, SignIn, SignedIn},
    app::App,
    error::{ApiError, Doing as _},
    gobii::{Acceptance, Backend, BackendError, By, CropId, LoggedIn, Login, Owner},
    notify, store,
};

impl Backend for App {
    async fn sign_in(&self, login: Login<'_>) -> Result<LoggedIn, BackendError> {
        let Login { crop, user, password, configured, origin } = login;
        let is_configured = configured.is_some();
        let by = SignIn { user, password, configured, origin, to: crop.as_str() };
        match self.access.sign_in(by).await.map_err(logged)? {
            SignedIn::Unknown => Ok(LoggedIn::No),
            SignedIn::Wait(wait) => Ok(LoggedIn::Wait(wait)),
            SignedIn::Known { grants } => {
                let submits = || {
                    let tenant = Some(crop.as_str());
                    grants.iter().any(|grant| grant.allows(Role::Submit, tenant))
                };
                Ok(if is_configured || submits() { LoggedIn::Yes } else { LoggedIn::No })
            }
        }
    }

    async fn issue_token(&self, crop: &CropId, user: &str) -> Result<String, BackendError> {
        let token = self.access.issue_gobii(user, crop.as_str()).await.map_err(logged)?;
        Ok(token.reveal())
    }

    async fn keep_token(&self, crop: &CropId, user: &str, token: &str) -> Result<(), BackendError> {
        self.access.keep_gobii(user, crop.as_str(), token).await.map_err(logged)
    }

    async fn owner_of_token(
        &self,
        crop: &CropId,
        token: &str,
    ) -> Result<Option<Owner>, BackendError> {
        let owner = self.access.owner_of_gobii(crop.as_str(), token).await.map_err(logged)?;
        Ok(owner.map(|(user, submits)| Owner { user, submits }))
    }

    async fn note_read(&self, crop: &CropId, key: &Key, by: By<'_>) -> Result<(), BackendError> {
        let deed = Deed::new("read", key).of(Some(crop.as_str()));
        self.access.note(done(deed, by)).await.map_err(logged)
    }

    async fn accept(
        &self,
        mut new: NewInstruction,
        by: By<'_>,
    ) -> Result<Acceptance, BackendError> {
        // Who may not be told is no reason to refuse what older clients send.
        new.notify.retain(|to| notify::check(&self.config, slice::from_ref(to)).is_ok());
        if self.access.is_closed() {
            let key = new.key.as_ref().map_or("instruction", Key::as_str);
            let deed = Deed::new("create", key).of(new.tenant.as_deref());
            self.access.note(done(deed, by)).await.map_err(logged)?;
        }
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

fn done(deed: Deed, by: By<'_>) -> Deed {
    Deed { actor: Some(by.user.to_owned()), origin: by.origin, ..deed }
}

/// Logs the error, and says whether trying again is worth it.
fn logged(error: ApiError) -> BackendError {
    match error.problem().status {
        503 => BackendError::Unavailable,
        _ => BackendError::Internal,
    }
}
