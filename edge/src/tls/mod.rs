//! TLS: how a service shows itself, and whom it believes.

mod calls;
mod identity;
mod listen;

use std::{fmt::Display, io, path::PathBuf, sync::Arc};

use serde::Deserialize;
use tokio_rustls::rustls::{
    RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, pem, pem::PemObject as _},
};

pub use calls::{Calls, client};
pub use listen::Tls;

/// How a service shows itself to those who call it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate with those that vouch for it, as PEM.
    pub certificate: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
    /// Who vouches for those who call, as PEM: whoever has no such certificate is not let in.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
}

/// Whom a service believes when it calls others by `https://`, and how it shows itself to them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallsConfig {
    /// Who vouches for those that are called, as PEM; whoever the machine believes when absent.
    pub ca: Option<PathBuf>,
    /// The certificate to show where one is asked for, as PEM.
    pub certificate: Option<PathBuf>,
    /// Its private key, as PEM.
    pub key: Option<PathBuf>,
}

/// Why a certificate or a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, or is no PEM file.
    #[error("{file} cannot be read as a PEM file: {source}")]
    Unreadable {
        /// Which one.
        file: String,
        /// What is wrong with it.
        source: io::Error,
    },
    /// A file has nothing of what it is named for.
    #[error("{file} has no {what} in it")]
    Lacks {
        /// Which one.
        file: String,
        /// What is missed.
        what: &'static str,
    },
    /// A certificate comes with the key of another.
    #[error("the key in {key} does not belong to the certificate in {certificate}")]
    NotItsKey {
        /// Where the key is.
        key: String,
        /// Where the certificate is.
        certificate: String,
    },
    /// It is there, and of no use.
    #[error("{file} cannot be used: {why}")]
    Unusable {
        /// Which file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate without a key, or a key without a certificate.
    #[error("`certificate` and `key` go together: name both, or none")]
    Half,
}

impl TlsError {
    fn unusable(file: &std::path::Path, why: impl Display) -> Self {
        Self::Unusable { file: file.display().to_string(), why: why.to_string() }
    }

    fn unreadable(file: &std::path::Path, what: &'static str, error: pem::Error) -> Self {
        let file = file.display().to_string();
        match error {
            pem::Error::NoItemsFound => Self::Lacks { file, what },
            pem::Error::Io(source) => Self::Unreadable { file, source },
            other => Self::Unreadable { file, source: io::Error::other(other.to_string()) },
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The certificates in a file; at least one.
fn certificates(file: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |error| TlsError::unreadable(file, "certificate", error);
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).map_err(unreadable)?.collect();
    let found = found.map_err(unreadable)?;
    match found.is_empty() {
        true => Err(unreadable(pem::Error::NoItemsFound)),
        false => Ok(found),
    }
}

/// Those who vouch for others.
fn authorities(file: &std::path::Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| TlsError::unusable(file, error))?;
    }
    Ok(roots)
}

#[cfg(test)]
pub(crate) mod tests;
