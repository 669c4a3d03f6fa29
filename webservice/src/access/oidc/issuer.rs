//! The issuer, who shows its keys to whoever asks.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use edge::Calls;
use reqwest::{Client, Url, redirect::Policy};
use serde::Deserialize;
use tokio::{sync::Mutex as AsyncMutex, time::Instant};

use super::{
    Disbelief, OidcConfig,
    config::IssuerUrl,
    key::{self, Key},
    token::Token,
};
use crate::outside;

/// How long the issuer may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How much the issuer may answer.
const MAX_BYTES: usize = 256 << 10;
/// How old keys are when they are asked for again.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// For how long keys are good while the issuer is away.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Where issuers say where their keys are (OpenID Connect Discovery, 4).
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Knows the keys of an issuer.
#[derive(Clone)]
pub(super) struct Issuer(Arc<Shared>);

struct Shared {
    http: Client,
    url: IssuerUrl,
    jwks_url: Option<IssuerUrl>,
    ask_every: Duration,
    known: Mutex<Known>,
    /// Held while the issuer is asked: whoever wants to know the same waits for the answer.
    asking: AsyncMutex<()>,
}

/// What is known of the keys, and since when.
#[derive(Clone, Default)]
struct Known {
    keys: Arc<Vec<Key>>,
    shown: Option<Instant>,
    asked: Option<Instant>,
    /// Why the issuer did not answer when it was asked last.
    silent: Option<String>,
}

impl Known {
    /// Keys that are good now, of which one may have signed the token.
    fn keys_for(&self, token: &Token<'_>, now: Instant) -> Option<Arc<Vec<Key>>> {
        let good = self.shown.is_some_and(|at| now - at < KEPT);
        let named = || self.keys.iter().any(|key| token.names(key));
        (good && named()).then(|| Arc::clone(&self.keys))
    }

    fn is_old(&self, now: Instant) -> bool {
        self.shown.is_none_or(|at| now - at >= FRESH)
    }

    /// Whether the issuer may be asked: made-up names of keys must not become a flood there.
    fn may_ask(&self, every: Duration, now: Instant) -> bool {
        self.asked.is_none_or(|at| now - at >= every)
    }
}

impl Issuer {
    pub(super) fn new(config: &OidcConfig, calls: &Calls) -> Self {
        let http = calls.client().redirect(Policy::none()).build();
        Self(Arc::new(Shared {
            http: http.expect("a client with these settings always builds"),
            url: config.issuer.clone(),
            jwks_url: config.jwks_url.clone(),
            ask_every: Duration::from_secs(config.ask_seconds),
            known: Mutex::default(),
            asking: AsyncMutex::default(),
        }))
    }

    /// Keys of which one may have signed the token. Those that are known do; they are asked for again
    /// now and then, for which nobody waits, and when the token names another.
    pub(super) async fn keys_for(&self, token: &Token<'_>) -> Result<Arc<Vec<Key>>, Disbelief> {
        let (now, known) = (Instant::now(), self.known().clone());
        if let Some(keys) = known.keys_for(token, now) {
            if known.is_old(now) && known.may_ask(self.0.ask_every, now) {
                let issuer = self.clone();
                tokio::spawn(async move { issuer.ask().await });
            }
            return Ok(keys);
        }
        self.ask().await;
        let known = self.known().clone();
        match (known.keys_for(token, Instant::now()), known.silent) {
            (Some(keys), _) => Ok(keys),
            (None, Some(why)) => Err(Disbelief::IssuerAway(why)),
            (None, None) => {
                Err(Disbelief::Token("is signed with a key that the issuer does not show"))
            }
        }
    }

    /// Asks for the keys, unless that was done a moment ago.
    async fn ask(&self) {
        let _asking = self.0.asking.lock().await;
        if !self.known().may_ask(self.0.ask_every, Instant::now()) {
            return;
        }
        self.known().asked = Some(Instant::now());
        let shown = self.0.look().await;
        let mut known = self.known();
        match shown {
            Ok(keys) => {
                *known = Known {
                    keys: Arc::new(keys),
                    shown: Some(Instant::now()),
                    silent: None,
                    ..*known
                };
            }
            Err(why) => {
                tracing::warn!("{} does not show its keys: {why}", self.0.url.as_str());
                known.silent = Some(why);
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Every change is one assignment.
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an issuer says of itself.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: IssuerUrl,
}

impl Shared {
    /// The keys as the issuer shows them now; or why it does not.
    async fn look(&self) -> Result<Vec<Key>, String> {
        let looked = tokio::time::timeout(TIMEOUT, async {
            let url = match &self.jwks_url {
                Some(url) => url.clone(),
                None => self.discover().await?,
            };
            let keys = self.get(url.as_str()).await?;
            key::read(&keys).map_err(|error| format!("its keys cannot be read: {error}"))
        });
        looked.await.unwrap_or_else(|_| Err(format!("no answer in {TIMEOUT:?}")))
    }

    async fn discover(&self) -> Result<IssuerUrl, String> {
        let issuer = self.url.as_str();
        let said = self.get(&format!("{}{DISCOVERY}", issuer.trim_end_matches('/'))).await?;
        let said: Metadata = serde_json::from_slice(&said)
            .map_err(|error| format!("what it says of itself cannot be read: {error}"))?;
        match said.issuer == issuer {
            true => Ok(said.jwks_uri),
            false => Err(format!("it says that it is {:?}", said.issuer)),
        }
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let answer = self.http.get(url).send().await.map_err(|error| outside::told(&error))?;
        match answer.status() {
            status if status.is_success() => outside::read(answer, MAX_BYTES).await,
            status => Err(format!("it answers {status}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_issuer_is_asked_now_and_then_however_many_unknown_keys_are_named() {
        let (every, begun) = (Duration::from_secs(10), Instant::now());
        let asked = Known { asked: Some(begun), ..Known::default() };
        assert!(Known::default().may_ask(every, begun), "it was never asked");
        assert!(!asked.may_ask(every, begun + every - Duration::from_millis(1)));
        assert!(asked.may_ask(every, begun + every));
    }

    #[tokio::test(start_paused = true)]
    async fn an_issuer_that_takes_long_is_given_up() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let config = serde_json::json!({"issuer": url, "audience": "digester"});
        let issuer = Issuer::new(&serde_json::from_value(config).unwrap(), &Calls::default());
        let token = Token::read("eyJhbGciOiJFZERTQSJ9.e30.c2ln").unwrap();
        let why = Err(Disbelief::IssuerAway("no answer in 5s".to_owned()));
        assert_eq!(issuer.keys_for(&token).await.map(drop), why);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_good_for_a_day_after_they_were_shown_last() {
        let text = "eyJhbGciOiJFZERTQSJ9.e30.c2ln";
        let token = Token::read(text).unwrap();
        let keys = br#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}"#;
        let shown = Instant::now();
        let keys = Arc::new(key::read(keys).unwrap());
        let known = Known { keys, shown: Some(shown), ..Known::default() };
        assert!(known.keys_for(&token, shown + KEPT - Duration::from_secs(1)).is_some());
        assert!(known.keys_for(&token, shown + KEPT).is_none());
        assert!(!known.is_old(shown) && known.is_old(shown + FRESH));
    }
}
