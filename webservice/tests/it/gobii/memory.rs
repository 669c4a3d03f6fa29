//! A service behind the facade that keeps everything in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use schema::{Instruction, Job, JobId, JobStatus, Key, NewInstruction};
use webservice::gobii::{Acceptance, Backend, BackendError, By, CropId, LoggedIn, Login, Owner};

/// Instructions and jobs by key; a clone shares them.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    kept: HashMap<Key, (Instruction, Job)>,
    failing: Option<BackendError>,
    tokens: HashMap<String, (String, String)>,
    read: Vec<String>,
}

impl Memory {
    /// Fails from now on.
    pub(crate) fn fail(&self, error: BackendError) {
        self.0.lock().unwrap().failing = Some(error);
    }

    /// Works again.
    pub(crate) fn recover(&self) {
        self.0.lock().unwrap().failing = None;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap().kept.is_empty()
    }

    pub(crate) fn instruction_of(&self, key: &str) -> Instruction {
        self.0.lock().unwrap().kept[key].0.clone()
    }

    /// Who read what.
    pub(crate) fn read(&self) -> Vec<String> {
        self.0.lock().unwrap().read.clone()
    }

    /// Changes a job.
    pub(crate) fn change(&self, key: &str, change: impl FnOnce(&mut Job)) {
        change(&mut self.0.lock().unwrap().kept.get_mut(key).unwrap().1);
    }

    fn state<T>(&self, read: impl FnOnce(&mut State) -> T) -> Result<T, BackendError> {
        let mut state = self.0.lock().unwrap();
        match state.failing {
            Some(error) => Err(error),
            None => Ok(read(&mut state)),
        }
    }
}

impl Backend for Memory {
    async fn sign_in(&self, login: Login<'_>) -> Result<LoggedIn, BackendError> {
        let fits = login.configured.is_some_and(|hash| hash.fits(&login.password));
        self.state(|_| if fits { LoggedIn::Yes } else { LoggedIn::No })
    }

    async fn issue_token(&self, crop: &CropId, user: &str) -> Result<String, BackendError> {
        let owner = (crop.to_string(), user.to_owned());
        self.state(|state| {
            let token = STANDARD.encode([u8::try_from(state.tokens.len()).unwrap(); 32]);
            state.tokens.insert(token.clone(), owner);
            token
        })
    }

    async fn keep_token(&self, crop: &CropId, user: &str, token: &str) -> Result<(), BackendError> {
        let owner = (crop.to_string(), user.to_owned());
        self.state(|state| {
            state.tokens.insert(token.to_owned(), owner);
        })
    }

    async fn owner_of_token(
        &self,
        crop: &CropId,
        token: &str,
    ) -> Result<Option<Owner>, BackendError> {
        self.state(|state| {
            let owner = state.tokens.get(token).filter(|(of, _)| of == crop.as_str());
            owner.map(|(_, user)| Owner { user: user.clone(), submits: false })
        })
    }

    async fn note_read(&self, _: &CropId, key: &Key, by: By<'_>) -> Result<(), BackendError> {
        self.state(|state| state.read.push(format!("{} {key}", by.user)))
    }

    async fn accept(&self, new: NewInstruction, _: By<'_>) -> Result<Acceptance, BackendError> {
        self.state(|state| {
            let key = new.key.clone().unwrap();
            if let Some((_, job)) = state.kept.get(&key) {
                return Acceptance::Exists(job.clone());
            }
            let job = job(&new, 42);
            state.kept.insert(key, (instruction(new), job.clone()));
            Acceptance::Created(job)
        })
    }

    async fn instruction(&self, key: &Key) -> Result<Option<Instruction>, BackendError> {
        self.state(|state| state.kept.get(key).map(|(instruction, _)| instruction.clone()))
    }

    async fn job(&self, key: &Key) -> Result<Option<Job>, BackendError> {
        self.state(|state| state.kept.get(key).map(|(_, job)| job.clone()))
    }
}

fn instruction(new: NewInstruction) -> Instruction {
    Instruction {
        key: new.key.unwrap(),
        kind: new.kind,
        tenant: new.tenant,
        submitted_by: new.submitted_by,
        parent: new.parent,
        created_at: Timestamp::UNIX_EPOCH,
        body: new.body,
    }
}

fn job(new: &NewInstruction, number: i64) -> Job {
    Job {
        id: JobId::mint(),
        number,
        key: new.key.clone().unwrap(),
        kind: new.kind.clone(),
        tenant: new.tenant.clone(),
        submitted_by: new.submitted_by.clone(),
        status: JobStatus::Submitted,
        stage: None,
        progress: None,
        message: None,
        attempt: 0,
        cut_short: 0,
        node: None,
        demand: None,
        cancel_requested: false,
        instruction: None,
        held: None,
        rerun_of: None,
        traceparent: None,
        submitted_at: Timestamp::from_millisecond(1_767_268_800_000).unwrap(),
        started_at: None,
        updated_at: Timestamp::UNIX_EPOCH,
        settled_at: None,
        report: None,
    }
}
