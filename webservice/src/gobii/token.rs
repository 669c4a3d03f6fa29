//! Tokens: what a login gives, instead of the password, for the calls after it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::crop::CropId;

/// How many tokens of one user of one crop are valid; the oldest one goes first.
const MAX_TOKENS_OF_ONE: usize = 1024;

/// The tokens given out since the service started. They do not expire.
#[derive(Default)]
pub(super) struct Tokens(Mutex<Issued>);

#[derive(Default)]
struct Issued {
    owners: HashMap<String, Owner>,
    of: HashMap<Owner, VecDeque<String>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Owner {
    crop: String,
    user: String,
}

impl Tokens {
    /// A new token; those given before stay valid.
    pub(super) fn issue(&self, crop: &CropId, user: &str) -> String {
        let mut random = [0; 32];
        getrandom::fill(&mut random).expect("the system gives random bytes");
        let token = STANDARD.encode(random);
        let owner = Owner { crop: crop.to_string(), user: user.to_owned() };
        let mut issued = self.lock();
        issued.owners.insert(token.clone(), owner.clone());
        let tokens = issued.of.entry(owner).or_default();
        tokens.push_back(token.clone());
        if tokens.len() > MAX_TOKENS_OF_ONE {
            let oldest = tokens.pop_front();
            oldest.and_then(|oldest| issued.owners.remove(&oldest));
        }
        token
    }

    /// Whose token this is in this crop.
    pub(super) fn user(&self, crop: &CropId, token: &str) -> Option<String> {
        let issued = self.lock();
        let owner = issued.owners.get(token).filter(|owner| owner.crop == crop.as_str())?;
        Some(owner.user.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Issued> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_32_random_bytes_and_good_in_its_own_crop_only() {
        let (tokens, dev, other) =
            (Tokens::default(), "dev".parse().unwrap(), "other".parse().unwrap());
        let token = tokens.issue(&dev, "ann");
        assert_eq!(STANDARD.decode(&token).unwrap().len(), 32);
        assert_eq!(tokens.user(&dev, &token).as_deref(), Some("ann"));
        assert_eq!(tokens.user(&other, &token), None);
    }

    #[test]
    fn another_login_leaves_a_token_valid_until_there_are_too_many_of_that_user() {
        let (tokens, dev) = (Tokens::default(), "dev".parse().unwrap());
        let (first, of_another) = (tokens.issue(&dev, "ann"), tokens.issue(&dev, "bob"));
        let later: Vec<_> = (1..MAX_TOKENS_OF_ONE).map(|_| tokens.issue(&dev, "ann")).collect();
        assert!(tokens.user(&dev, &first).is_some());
        tokens.issue(&dev, "ann");
        assert!(tokens.user(&dev, &first).is_none());
        assert!(tokens.user(&dev, &of_another).is_some());
        assert!(tokens.user(&dev, &later[0]).is_some());
    }
}
