//! Finding out who somebody is.

use std::{net::IpAddr, time::Duration};

use edge::{Batcher, Calls, Token};
use jiff::{SignedDuration, Timestamp};
use schema::{ApiToken, Grant, NewToken, Role};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    PasswordHash,
    audit::{Auditing, Deed},
    caller::{Caller, User},
    config::{AccessConfig, LoginConfig},
    directory::Directory,
    limit::Failures,
    oidc::{Disbelief, Oidc, Vouched},
    password::Verifier,
    secret::{Hash, Secret},
};
use crate::{
    error::{ApiError, Doing as _},
    store::access::{self, NewCredential, Use},
};

/// Who may come in, and how that is found out.
pub(crate) struct Access {
    db: PgPool,
    /// None: the service is open.
    config: Option<AccessConfig>,
    login: LoginConfig,
    services: Option<Token>,
    verifier: Verifier,
    failures: Failures,
    directory: Option<Directory>,
    oidc: Option<Oidc>,
    audit: Batcher<Auditing>,
}

/// A try to come in with a password.
pub(crate) struct SignIn<'a> {
    pub(crate) user: &'a str,
    pub(crate) password: String,
    /// What the configuration knows of the user's password.
    pub(crate) configured: Option<PasswordHash>,
    pub(crate) origin: Option<IpAddr>,
    /// What it is for, for the audit.
    pub(crate) to: &'a str,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum SignedIn {
    /// The user is who they say.
    Known {
        /// What they may, as far as that is known here.
        grants: Vec<Grant>,
    },
    /// Nobody goes by that name and password.
    Unknown,
    /// There were too many tries.
    Wait(Duration),
}

impl Access {
    pub(crate) fn new(
        db: PgPool,
        config: Option<AccessConfig>,
        services: Option<Token>,
        calls: &Calls,
    ) -> Self {
        let login = config.as_ref().map(|config| config.login.clone()).unwrap_or_default();
        let directory = config.as_ref().and_then(|config| config.ldap.clone());
        let oidc = config.as_ref().and_then(|config| config.oidc.clone());
        Self {
            oidc: oidc.map(|config| Oidc::new(config, calls)),
            audit: Batcher::new(Auditing { db: db.clone() }, 1),
            failures: Failures::new(login.failures, login.forgive()),
            directory: directory.map(Directory::new),
            verifier: Verifier::new(),
            db,
            config,
            login,
            services,
        }
    }

    pub(super) fn config(&self) -> Option<&AccessConfig> {
        self.config.as_ref()
    }

    pub(crate) fn login(&self) -> &LoginConfig {
        &self.login
    }

    pub(super) fn services(&self) -> Option<&Token> {
        self.services.as_ref()
    }

    /// Whether callers have to say who they are.
    pub(crate) fn is_closed(&self) -> bool {
        self.config.is_some()
    }

    /// Tries a password: that of the configuration, of an account here, or of the directory.
    pub(crate) async fn sign_in(&self, by: SignIn<'_>) -> Result<SignedIn, ApiError> {
        let SignIn { user, password, configured, origin, to } = by;
        if let Some(wait) = self.failures.wait(user, origin) {
            return Ok(SignedIn::Wait(wait));
        }
        let found = self.find(user, password, configured).await?;
        match &found {
            Some(_) => self.failures.succeeded(user),
            None => self.failures.failed(user, origin),
        }
        let allowed = found.is_some();
        self.note(Deed { actor: Some(user.into()), origin, allowed, ..Deed::new("login", to) })
            .await?;
        Ok(found.map_or(SignedIn::Unknown, |grants| SignedIn::Known { grants }))
    }

    async fn find(
        &self,
        user: &str,
        password: String,
        configured: Option<PasswordHash>,
    ) -> Result<Option<Vec<Grant>>, ApiError> {
        let account = match self.is_closed() {
            true => access::account(&self.db, user).await.doing("look up the account")?,
            false => None,
        };
        let grants = account.as_ref().map(|account| account.grants.clone());
        let hash = configured.or_else(|| account.and_then(|account| account.password));
        if let (None, Some(directory)) = (&hash, &self.directory) {
            let known = directory.knows(user, &password).await.map_err(|source| {
                tracing::warn!(error = &*source, "the directory does not answer");
                ApiError::DirectoryAway
            })?;
            return Ok(known.then(|| grants.unwrap_or_else(|| directory.grants().to_vec())));
        }
        let fits = self.verifier.verify(hash, password).await;
        Ok(fits.then(|| grants.unwrap_or_default()))
    }

    /// Makes a session for a browser; returns what it keeps of it.
    pub(crate) async fn open_session(
        &self,
        owner: &str,
        grants: Vec<Grant>,
    ) -> Result<Secret, ApiError> {
        let (secret, hours) = (Secret::session(), self.login.session_hours);
        let credential = NewCredential {
            grants: &grants,
            ..NewCredential::new(Use::Session, owner, secret.hash(), from_now(hours))
        };
        access::issue(&self.db, &credential).await.doing("open a session")?;
        Ok(secret)
    }

    /// Makes a token for a GOBii client, good with one tenant.
    pub(crate) async fn issue_gobii(&self, owner: &str, tenant: &str) -> Result<Secret, ApiError> {
        let secret = Secret::gobii();
        self.keep(owner, tenant, secret.hash()).await?;
        Ok(secret)
    }

    /// Keeps a token that another server gave to a GOBii client.
    pub(crate) async fn keep_gobii(
        &self,
        owner: &str,
        tenant: &str,
        token: &str,
    ) -> Result<(), ApiError> {
        self.keep(owner, tenant, Hash::of(token)).await
    }

    async fn keep(&self, owner: &str, tenant: &str, secret: Hash) -> Result<(), ApiError> {
        let until = from_now(self.login.gobii_hours);
        let credential = NewCredential {
            tenant: Some(tenant),
            ..NewCredential::new(Use::Gobii, owner, secret, until)
        };
        access::issue(&self.db, &credential).await.doing("keep the token").map(drop)
    }

    /// Makes an API token of the caller's, which allows no more than the caller may.
    pub(crate) async fn issue_token(
        &self,
        caller: &Caller,
        new: &NewToken,
    ) -> Result<ApiToken, ApiError> {
        let owner = caller.name().filter(|_| caller.is_user()).ok_or(ApiError::Unknown)?;
        if !(1..=NewToken::MAX_DAYS).contains(&new.days) {
            let text = format!("`days` is between 1 and {}", NewToken::MAX_DAYS);
            return Err(ApiError::Invalid(text));
        }
        if new.grants.is_empty() || new.label.contains('\0') {
            return Err(ApiError::Invalid("a token needs `grants`, and a readable `label`".into()));
        }
        for grant in &new.grants {
            caller.demand(grant.role(), grant.tenant())?;
        }
        let secret = Secret::token();
        let credential = NewCredential {
            label: &new.label,
            grants: &new.grants,
            ..NewCredential::new(Use::Token, owner, secret.hash(), from_now(new.days * 24))
        };
        let token = access::issue(&self.db, &credential).await.doing("make the token")?;
        Ok(ApiToken { secret: Some(secret.reveal()), ..token })
    }

    /// Whose GOBii token this is with this tenant, and whether they may hand in there by now: as their
    /// account says; who has none, as those of the directory.
    pub(crate) async fn owner_of_gobii(
        &self,
        tenant: &str,
        token: &str,
    ) -> Result<Option<(String, bool)>, ApiError> {
        let found = access::find(&self.db, Use::Gobii, Hash::of(token)).await;
        let found = found.doing("look up the token")?;
        let found = found.filter(|found| found.tenant.as_deref() == Some(tenant));
        Ok(found.map(|found| {
            let of_directory = || self.directory.iter().flat_map(Directory::grants);
            let submits = |grant: &Grant| grant.allows(Role::Submit, Some(tenant));
            let submits = match &found.account {
                Some(account) => account.iter().any(submits),
                None => of_directory().any(submits),
            };
            (found.owner, submits)
        }))
    }

    /// Who has this token or session; nobody, if it is not good (any more).
    pub(super) async fn bearer(
        &self,
        of: Use,
        secret: &str,
        origin: Option<IpAddr>,
    ) -> Result<Option<Caller>, ApiError> {
        let found = access::find(&self.db, of, Hash::of(secret)).await;
        let Some(found) = found.doing("look up who calls")? else { return Ok(None) };
        let session = (of == Use::Session).then_some(found.id);
        // Whoever has an account may what the account says by now, and a token no more than that.
        let (grants, within) = match found.account {
            Some(account) => (account, (of == Use::Token).then_some(found.grants)),
            None => (found.grants, None),
        };
        let user = User { name: found.owner, grants, within, session };
        Ok(Some(Caller::user(user, origin)))
    }

    /// Whom an issuer's token vouches for; nobody, if no issuer is believed, or it is not good.
    ///
    /// An account of the same name without a password is theirs, and adds its grants. One with a
    /// password is somebody else's: issuers name their users as they like.
    pub(super) async fn vouched_for(
        &self,
        token: &str,
        origin: Option<IpAddr>,
    ) -> Result<Option<Caller>, ApiError> {
        let Some(oidc) = &self.oidc else { return Ok(None) };
        let Vouched { name, mut grants } = match oidc.believe(token).await {
            Ok(vouched) => vouched,
            Err(Disbelief::IssuerAway(_)) => return Err(ApiError::IssuerAway),
            Err(error) => {
                tracing::info!("a bearer is not believed: {error}");
                return Ok(None);
            }
        };
        if let Some(account) =
            access::account(&self.db, &name).await.doing("look up the account")?
        {
            if account.password.is_some() {
                tracing::info!("a bearer is not believed: {name:?} has a password here");
                return Ok(None);
            }
            grants.extend(account.grants);
        }
        Ok(Some(Caller::user(User { name, grants, within: None, session: None }, origin)))
    }

    /// Ends a session or a token.
    pub(crate) async fn revoke(&self, id: Uuid, owner: Option<&str>) -> Result<bool, ApiError> {
        access::revoke(&self.db, id, owner).await.doing("revoke the token")
    }

    /// Writes down what was done, or was not allowed; nothing if the service is open.
    pub(crate) async fn note(&self, deed: Deed) -> Result<(), ApiError> {
        match self.is_closed() {
            true => self.audit.run(deed).await.doing("write the audit"),
            false => Ok(()),
        }
    }
}

/// So many hours from now.
fn from_now(hours: u32) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(i64::from(hours))
}
