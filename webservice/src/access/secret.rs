//! Secrets that stand for a password: given out once, kept as what they hash to.

use std::fmt;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use sha2::{Digest as _, Sha256};

/// What an API token begins with, so that scanners for secrets find it where it does not belong.
const TOKEN: &str = "dgt_";

/// A new secret, before it is handed to its owner. It never shows itself.
pub(crate) struct Secret(String);

impl Secret {
    /// An API token.
    pub(crate) fn token() -> Self {
        Self(format!("{TOKEN}{}", URL_SAFE_NO_PAD.encode(random())))
    }

    /// What a browser keeps of a session.
    pub(crate) fn session() -> Self {
        Self(URL_SAFE_NO_PAD.encode(random()))
    }

    /// What GOBii's clients keep of a login, in the form they know.
    pub(crate) fn gobii() -> Self {
        Self(STANDARD.encode(random()))
    }

    /// The secret itself, for its owner and nobody else.
    pub(crate) fn reveal(self) -> String {
        self.0
    }

    /// What is kept of it.
    pub(crate) fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is kept of a secret: enough to know it again. No salt and no effort is needed, since nobody
/// guesses 256 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hash([u8; 32]);

impl Hash {
    pub(crate) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Whether this was given out as an API token, if it was given out at all.
pub(super) fn is_token(text: &str) -> bool {
    text.starts_with(TOKEN)
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
