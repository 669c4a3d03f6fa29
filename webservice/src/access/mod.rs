//! Who calls, and what they may do.
//!
//! Without a section `[access]` the service is open to whoever can reach it. With one, every caller
//! is identified before a handler sees the request (`identify`), handlers ask the `Caller`, and
//! what was done, or was not allowed, is written down (`audit`).

mod account;
mod audit;
mod caller;
mod config;
mod directory;
mod identify;
mod limit;
mod oidc;
mod password;
mod secret;
mod service;
mod sign_in;

pub use account::{Account, Accounts};
pub use config::{AccessConfig, LdapConfig, LoginConfig};
pub use oidc::{IssuerUrl, OidcConfig};
pub use password::{PasswordHash, hash_password};

pub(crate) use audit::Deed;
pub(crate) use caller::Caller;
pub(crate) use identify::{Origin, SESSION, identify, locate};
pub(crate) use secret::Hash as SecretHash;
pub(crate) use service::services_only;
pub(crate) use sign_in::{Access, SignIn, SignedIn};
