//! A certificate with its key, as it lies on the disk.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_rustls::rustls::{
    Error, SignatureScheme,
    client::ResolvesClientCert,
    pki_types::{PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use x509_parser::parse_x509_certificate;

use super::{TlsError, certificates, provider};
use crate::watched::Watched;

/// What a service shows of itself, and until when that is good.
pub(super) struct Identity {
    shown: Arc<CertifiedKey>,
    /// In seconds since 1970.
    pub(super) expires: i64,
}

impl Identity {
    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = certificates(certificate)?;
        let (_, first) = parse_x509_certificate(&chain[0])
            .map_err(|error| TlsError::unusable(certificate, error))?;
        let expires = first.validity().not_after.timestamp();
        let secret = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| TlsError::unreadable(key, "private key", error))?;
        let shown =
            CertifiedKey::from_der(chain, secret, &provider()).map_err(|error| match error {
                Error::InconsistentKeys(_) => TlsError::NotItsKey {
                    key: key.display().to_string(),
                    certificate: certificate.display().to_string(),
                },
                other => TlsError::unusable(key, other),
            })?;
        Ok(Self { shown: Arc::new(shown), expires })
    }
}

/// Shows the certificate as it is when it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Shown(Watched<Identity>);

impl Shown {
    pub(super) fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files: Vec<PathBuf> = vec![certificate.to_owned(), key.to_owned()];
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        Watched::new(files, move || Identity::read(&certificate, &key)).map(Self)
    }

    #[cfg(test)]
    pub(super) fn looking_always(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = vec![certificate.to_owned(), key.to_owned()];
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        let read = move || Identity::read(&certificate, &key);
        Watched::looking(std::time::Duration::ZERO, files, read).map(Self)
    }

    pub(super) fn expires(&self) -> i64 {
        self.0.get().expires
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.get().shown))
    }
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.get().shown))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
