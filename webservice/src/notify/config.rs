//! What an operator may set about telling others of the ends of jobs.

use std::{fmt, path::PathBuf, time::Duration};

use edge::SigningKey;
use lettre::message::Mailbox;
use reqwest::Url;
use serde::Deserialize;

/// How often something is tried before it is given up, when nothing is said.
const MAX_TRIES: u32 = 8;
/// How long after the first failure it is tried again, when nothing is said.
const FIRST_RETRY_SECONDS: f64 = 5.0;
/// How much longer each wait is than the one before.
const GROWTH: f64 = 4.0;
/// How long a wait is at most.
const LONGEST_RETRY: Duration = Duration::from_secs(6 * 60 * 60);

/// Who may be told of the ends of jobs, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationConfig {
    /// The origins (`https://hooks.example.org`) that webhooks may be at; none, and there are none.
    #[serde(default)]
    pub webhooks: Vec<Origin>,
    /// Whether they may be at private, link-local and loopback addresses.
    #[serde(default)]
    pub private: bool,
    /// What webhooks are signed with: `whsec_` and 24 to 64 bytes in base64.
    #[serde(default)]
    pub secret: Option<SigningKey>,
    /// Who vouches for webhooks and for the server that takes e-mail, as PEM; whoever the machine
    /// believes when absent.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// The server that takes e-mail; without it, there is none.
    #[serde(default)]
    pub smtp: Option<SmtpConfig>,
    /// How often something is tried before it is given up.
    #[serde(default = "max_tries")]
    pub max_tries: u32,
    /// How long after the first failure it is tried again; later waits are longer.
    #[serde(default = "first_retry_seconds")]
    pub first_retry_seconds: f64,
}

impl Default for NotificationConfig {
    fn default() -> Self {
        Self {
            webhooks: Vec::new(),
            private: false,
            secret: None,
            ca: None,
            smtp: None,
            max_tries: max_tries(),
            first_retry_seconds: first_retry_seconds(),
        }
    }
}

const fn max_tries() -> u32 {
    MAX_TRIES
}

const fn first_retry_seconds() -> f64 {
    FIRST_RETRY_SECONDS
}

impl NotificationConfig {
    /// How long to wait after so many tries, if it is to be tried again.
    pub(super) fn again_after(&self, tries: u32) -> Option<Duration> {
        if tries >= self.max_tries {
            return None;
        }
        let grown = GROWTH.powf(f64::from(tries.saturating_sub(1)));
        let seconds = (self.first_retry_seconds * grown).clamp(0.0, LONGEST_RETRY.as_secs_f64());
        Some(Duration::from_secs_f64(seconds))
    }
}

/// Where e-mail is handed in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// The server's name.
    pub host: String,
    /// Its port; the usual one of the encryption when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is kept from others.
    #[serde(default)]
    pub encryption: Encryption,
    /// Who hands in, where the server wants to know.
    #[serde(default)]
    pub user: Option<String>,
    /// … and the password.
    #[serde(default)]
    pub password: Option<Password>,
    /// Who the e-mail is from.
    pub from: Mailbox,
    /// The domains that may be written to; none: any.
    #[serde(default)]
    pub domains: Vec<String>,
}

/// How a connection is kept from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// TLS is begun on a plain connection, or nothing is sent.
    #[default]
    Starttls,
    /// TLS from the first byte on.
    Tls,
    /// Not at all: for a server on the same machine.
    None,
}

/// A password. It never shows itself.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Scheme, host and port of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(String);

impl Origin {
    /// Where a URL leads.
    pub(super) fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url = Url::parse(&text).map_err(|error| format!("{text:?} is no origin: {error}"))?;
        let is_origin = matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty();
        match is_origin {
            true => Ok(Self::of(&url)),
            false => Err(format!("{text:?} is no origin such as https://hooks.example.org")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<NotificationConfig, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn waits_grow_up_to_a_bound_and_end_with_the_last_try() {
        let config = config("").unwrap();
        let waits: Vec<_> = (1..=9).map(|tries| config.again_after(tries)).collect();
        let seconds = |wait: &Option<Duration>| wait.map(|wait| wait.as_secs());
        let expected =
            [Some(5), Some(20), Some(80), Some(320), Some(1280), Some(5120), Some(20480)];
        assert_eq!(waits[..7].iter().map(seconds).collect::<Vec<_>>(), expected);
        assert_eq!(waits[7..], [None, None]);
    }

    #[test]
    fn an_origin_is_compared_as_browsers_do() {
        let origin = |text: &str| Origin::try_from(text.to_owned());
        let url = Url::parse("https://Hooks.example.org:443/a/b?c").unwrap();
        assert_eq!(origin("https://hooks.example.org").unwrap(), Origin::of(&url));
        assert_ne!(origin("http://hooks.example.org").unwrap(), Origin::of(&url));
        for wrong in ["hooks.example.org", "https://x/path", "ftp://x", "https://user@x/"] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
