//! What an operator may set of who comes in: the section `[access]`.

use std::{fmt, net::IpAddr, time::Duration};

use schema::Grant;
use serde::Deserialize;

use super::OidcConfig;

/// Who may come in, and how.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessConfig {
    /// What those may who do not say who they are.
    pub anonymous: Vec<Grant>,
    /// How long a login lasts.
    pub login: LoginConfig,
    /// Addresses of proxies in front, which tell where a request really came from.
    pub trusted_proxies: Vec<IpAddr>,
    /// A directory that knows passwords.
    pub ldap: Option<LdapConfig>,
    /// An OpenID provider whose tokens are believed.
    pub oidc: Option<OidcConfig>,
}

/// How long a login lasts, and how often one may fail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoginConfig {
    /// For how many hours a browser stays logged in.
    pub session_hours: u32,
    /// For how many hours a GOBii client stays logged in.
    pub gobii_hours: u32,
    /// How many logins of one user, or from one address, may fail in a row.
    pub failures: u32,
    /// How long it takes until one more may fail, in seconds.
    pub forgive_seconds: u64,
    /// Whether browsers send the session over TLS only.
    pub secure_cookies: bool,
}

impl Default for LoginConfig {
    fn default() -> Self {
        Self {
            session_hours: 12,
            gobii_hours: 72,
            failures: 10,
            forgive_seconds: 60,
            secure_cookies: true,
        }
    }
}

impl LoginConfig {
    pub(super) const fn forgive(&self) -> Duration {
        Duration::from_secs(self.forgive_seconds)
    }
}

/// A directory that knows passwords: a user is who can bind.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LdapConfig {
    /// `ldap://` or `ldaps://`, host and port.
    pub url: String,
    /// The name to bind with; `{user}` stands for the user's name.
    pub bind: String,
    /// What its users may who have no account here.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// Whether to go over to TLS before anything is said (`ldap://` only).
    #[serde(default)]
    pub starttls: bool,
}

impl fmt::Debug for LdapConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LdapConfig").field("url", &self.url).finish_non_exhaustive()
    }
}
