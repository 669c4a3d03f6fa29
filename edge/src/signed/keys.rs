//! The keys that calls are signed with.

use std::{fmt, fs, io, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::watched::Watched;

/// What stands before a signature: which kind it is.
const VERSION: &str = "v1,";

/// A secret to sign with: `whsec_` and 24 to 64 bytes in base64. It never shows itself.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// What comes before the base64 of a key.
    const PREFIX: &str = "whsec_";

    /// `v1,` and the HMAC-SHA256 of id, time and content, joined by dots; the content is in pieces.
    #[must_use]
    pub fn sign(&self, id: &str, at: &str, content: &[&[u8]]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key may have any length");
        for piece in [id.as_bytes(), b".", at.as_bytes(), b"."].iter().chain(content) {
            mac.update(piece);
        }
        format!("{VERSION}{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl TryFrom<String> for SigningKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = text.strip_prefix(Self::PREFIX).and_then(|text| STANDARD.decode(text).ok());
        match bytes {
            Some(bytes) if (24..=64).contains(&bytes.len()) => Ok(Self(bytes)),
            _ => Err("a key is whsec_ and 24 to 64 bytes in base64"),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// Where the keys of a node are. The first signs; all are accepted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct KeysConfig {
    /// The keys themselves.
    pub keys: Vec<SigningKey>,
    /// A file with a key on each line, which is read again whenever it changes.
    pub key_file: Option<PathBuf>,
}

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file is not there, or not for us.
    #[error("the key file {file} cannot be read: {source}")]
    Unreadable {
        /// Which one.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// A line is no key.
    #[error("line {line} of the key file {file}: {why}")]
    NoKey {
        /// Which file.
        file: String,
        /// Which line, from 1.
        line: usize,
        /// What a key is.
        why: &'static str,
    },
    /// There is none.
    #[error("there is no key: give `keys`, or a `key_file` with a key on each line")]
    None,
}

/// The keys of a node, as they are now; never none.
#[derive(Clone, Debug)]
pub struct Keys(Watched<Vec<SigningKey>>);

impl KeysConfig {
    /// Whether calls are to be signed at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.key_file.is_none()
    }

    /// Reads what the configuration names.
    pub fn load(&self) -> Result<Keys, KeysError> {
        let files = self.key_file.iter().cloned().collect();
        let config = self.clone();
        Watched::new(files, move || config.read()).map(Keys)
    }

    fn read(&self) -> Result<Vec<SigningKey>, KeysError> {
        let mut keys = self.keys.clone();
        if let Some(path) = &self.key_file {
            let file = path.display().to_string();
            let text = fs::read_to_string(path);
            let text =
                text.map_err(|source| KeysError::Unreadable { file: file.clone(), source })?;
            keys.extend(lines(&file, &text)?);
        }
        if keys.is_empty() { Err(KeysError::None) } else { Ok(keys) }
    }
}

fn lines(file: &str, text: &str) -> Result<Vec<SigningKey>, KeysError> {
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let key = |(at, line): (usize, &str)| {
        let no_key = |why| KeysError::NoKey { file: file.to_owned(), line: at + 1, why };
        SigningKey::try_from(line.to_owned()).map_err(no_key)
    };
    lines.map(key).collect()
}

impl Keys {
    /// Signs with the first key.
    pub(super) fn sign(&self, id: &str, at: &str, content: &[&[u8]]) -> String {
        self.0.get()[0].sign(id, at, content)
    }

    /// Whether one of the signatures is one of these keys'.
    pub(super) fn know(&self, signatures: &str, id: &str, at: &str, content: &[&[u8]]) -> bool {
        let ours = |key: &SigningKey| {
            let sign = key.sign(id, at, content);
            signatures.split(' ').any(|given| bool::from(given.as_bytes().ct_eq(sign.as_bytes())))
        };
        self.0.get().iter().any(ours)
    }
}
