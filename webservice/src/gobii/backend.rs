//! What the facade needs of the service behind it.

use std::{net::IpAddr, time::Duration};

use schema::{Instruction, Job, Key, NewInstruction};

use super::crop::CropId;
use crate::access::PasswordHash;

/// What the facade needs of the service behind it.
pub trait Backend: Send + Sync + 'static {
    /// Whether somebody is who they say, and may hand in what is of the crop.
    fn sign_in(
        &self,
        login: Login<'_>,
    ) -> impl Future<Output = Result<LoggedIn, BackendError>> + Send;

    /// A new token for a user of the crop; those given before stay valid.
    fn issue_token(
        &self,
        crop: &CropId,
        user: &str,
    ) -> impl Future<Output = Result<String, BackendError>> + Send;

    /// Keeps a token that another server gave out; until when it is good is decided here.
    fn keep_token(
        &self,
        crop: &CropId,
        user: &str,
        token: &str,
    ) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Whose token this is in this crop, if it is (still) good.
    fn owner_of_token(
        &self,
        crop: &CropId,
        token: &str,
    ) -> impl Future<Output = Result<Option<Owner>, BackendError>> + Send;

    /// Notes that a user looks at an instruction, or at what became of it.
    fn note_read(
        &self,
        crop: &CropId,
        key: &Key,
        by: By<'_>,
    ) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Writes instruction, job and first event in one transaction.
    fn accept(
        &self,
        new: NewInstruction,
        by: By<'_>,
    ) -> impl Future<Output = Result<Acceptance, BackendError>> + Send;

    /// The instruction kept under this key.
    fn instruction(
        &self,
        key: &Key,
    ) -> impl Future<Output = Result<Option<Instruction>, BackendError>> + Send;

    /// The newest job of this instruction.
    fn job(&self, key: &Key) -> impl Future<Output = Result<Option<Job>, BackendError>> + Send;
}

/// Who has something done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By<'a> {
    /// The user's name.
    pub user: &'a str,
    /// Where they come from.
    pub origin: Option<IpAddr>,
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user's name.
    pub user: String,
    /// Whether the service behind lets them hand in what is of the crop now, whatever the configuration
    /// of the crop says.
    pub submits: bool,
}

/// Somebody who shows a password.
pub struct Login<'a> {
    /// The crop they want to.
    pub crop: &'a CropId,
    /// The name they give.
    pub user: &'a str,
    /// The password they give.
    pub password: String,
    /// What the configuration knows of that user's password.
    pub configured: Option<PasswordHash>,
    /// Where they come from.
    pub origin: Option<IpAddr>,
}

/// What became of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedIn {
    /// The user may come in.
    Yes,
    /// The user may not come in.
    No,
    /// There were too many tries; another may be made after this time.
    Wait(Duration),
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
