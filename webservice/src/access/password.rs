//! Passwords: kept as argon2id hashes, compared off the async threads.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc};
use serde::Deserialize;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// How many passwords are compared at once; each comparison takes 19 MiB and a core.
const MAX_VERIFICATIONS: usize = 2;

/// The argon2id hash of a password, as a PHC string: what configuration keeps of it.
///
/// # Panics
/// When the system has no randomness to give.
#[must_use]
pub fn hash_password(password: &str) -> String {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).expect("the system gives random bytes");
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    hash.expect("the default parameters fit any password").to_string()
}

/// The hash of a password. It never shows itself.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct PasswordHash(phc::PasswordHash);

impl PasswordHash {
    /// Whether this is the password.
    #[must_use]
    pub fn fits(&self, password: &str) -> bool {
        Argon2::default().verify_password(password.as_bytes(), &self.0).is_ok()
    }
}

impl TryFrom<String> for PasswordHash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let hash = phc::PasswordHash::new(&text);
        hash.map(Self).map_err(|error| format!("not a PHC string of a password hash: {error}"))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Compares passwords, not too many at once.
pub(crate) struct Verifier {
    slots: Arc<Semaphore>,
}

/// What is compared where there is no hash. Made when first needed: that takes as long as comparing.
static DECOY: LazyLock<PasswordHash> =
    LazyLock::new(|| hash_password("").try_into().expect("a new hash is a hash"));

impl Verifier {
    pub(crate) fn new() -> Self {
        Self { slots: Arc::new(Semaphore::new(MAX_VERIFICATIONS)) }
    }

    /// Whether this is the password behind the hash. Without a hash it takes as long and is not.
    pub(crate) async fn verify(&self, hash: Option<PasswordHash>, password: String) -> bool {
        let slots = Arc::clone(&self.slots);
        let slot = slots.acquire_owned().await.expect("the semaphore is never closed");
        let comparison = spawn_blocking(move || {
            let _slot = slot; // held as long as the work, even when the caller has left
            let fits = hash.as_ref().unwrap_or(&DECOY).fits(&password);
            fits && hash.is_some()
        });
        comparison.await.unwrap_or(false)
    }
}
