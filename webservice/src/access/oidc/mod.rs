//! Bearer tokens of an OpenID provider: JSON Web Tokens (RFC 7519), signed by an issuer who shows the
//! keys to verify them by.

mod config;
mod issuer;
mod key;
mod token;

use edge::Calls;
use jiff::Timestamp;
use schema::Grant;

pub use config::{IssuerUrl, OidcConfig};

use issuer::Issuer;
use token::Token;

/// Believes those whom an issuer vouches for.
pub(super) struct Oidc {
    config: OidcConfig,
    issuer: Issuer,
}

/// Somebody whom the issuer vouches for.
#[derive(Debug, PartialEq)]
pub(super) struct Vouched {
    pub(super) name: String,
    pub(super) grants: Vec<Grant>,
}

/// Why somebody is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Disbelief {
    #[error("the token {0}")]
    Token(&'static str),
    #[error("the issuer does not show its keys: {0}")]
    IssuerAway(String),
}

impl Oidc {
    pub(super) fn new(config: OidcConfig, calls: &Calls) -> Self {
        Self { issuer: Issuer::new(&config, calls), config }
    }

    /// Whose token this is, and what they may do by it.
    pub(super) async fn believe(&self, text: &str) -> Result<Vouched, Disbelief> {
        let token = Token::read(text)?;
        let keys = self.issuer.keys_for(&token).await?;
        let claims = token.verified(&keys)?;
        claims.check(self.config.issuer.as_str(), &self.config.audience, Timestamp::now())?;
        let name = claims.user(&self.config.user)?.to_owned();
        let groups = claims.groups(&self.config.groups);
        Ok(Vouched { name, grants: self.config.grants_of(&groups) })
    }
}
