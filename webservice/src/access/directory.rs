//! A directory that knows passwords (LDAP, RFC 4511): a user is who can bind with theirs.

use std::time::Duration;

use ldap3::{LdapConnAsync, LdapConnSettings, dn_escape};
use schema::Grant;

use super::LdapConfig;

/// How long the directory may take, for the connection and for the answer each.
const TIMEOUT: Duration = Duration::from_secs(5);
/// What a directory answers to a wrong password (`invalidCredentials`), and to a name that cannot
/// be one of its own (`noSuchObject`, `invalidDNSyntax`).
const NOT_KNOWN: [u32; 3] = [49, 32, 34];

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(super) struct Directory {
    config: LdapConfig,
}

impl Directory {
    pub(super) fn new(config: LdapConfig) -> Self {
        Self { config }
    }

    /// What users may who have no account here.
    pub(super) fn grants(&self) -> &[Grant] {
        &self.config.grants
    }

    /// Whether this is the user's password.
    pub(super) async fn knows(&self, user: &str, password: &str) -> Result<bool, Failure> {
        // Without a password a bind is an anonymous one, and succeeds.
        if user.is_empty() || password.is_empty() {
            return Ok(false);
        }
        let settings =
            LdapConnSettings::new().set_conn_timeout(TIMEOUT).set_starttls(self.config.starttls);
        let (connection, mut ldap) =
            LdapConnAsync::with_settings(settings, &self.config.url).await?;
        let driven = tokio::spawn(connection.drive());
        let name = self.config.bind.replace("{user}", &dn_escape(user));
        let bound = ldap.with_timeout(TIMEOUT).simple_bind(&name, password).await;
        // The answer is all that was wanted of the connection.
        driven.abort();
        match bound?.rc {
            0 => Ok(true),
            code if NOT_KNOWN.contains(&code) => Ok(false),
            code => Err(format!("the directory answers with result code {code}").into()),
        }
    }
}
