//! TLS for calls to others.

use std::sync::{Arc, LazyLock};

use reqwest::{Client, ClientBuilder};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{CallsConfig, TlsError, authorities, identity::Shown, provider};

/// Whom the machine believes. Where there is nobody, nobody is believed, and the first call says so.
static SYSTEM: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(roots)
});

/// How others are called by `https://`.
#[derive(Clone, Debug)]
pub struct Calls {
    tls: ClientConfig,
}

impl Default for Calls {
    /// Believes whom the machine believes, and shows nothing.
    fn default() -> Self {
        let tls = believing(Arc::clone(&SYSTEM)).with_no_client_auth();
        Self { tls }
    }
}

impl Calls {
    /// Reads what the configuration names. What is shown is read again whenever it changes.
    pub fn load(config: &CallsConfig) -> Result<Self, TlsError> {
        let roots = match &config.ca {
            Some(file) => Arc::new(authorities(file)?),
            None => Arc::clone(&SYSTEM),
        };
        let tls = believing(roots);
        let tls = match (&config.certificate, &config.key) {
            (Some(certificate), Some(key)) => {
                tls.with_client_cert_resolver(Arc::new(Shown::load(certificate, key)?))
            }
            (None, None) => tls.with_no_client_auth(),
            _ => return Err(TlsError::Half),
        };
        Ok(Self { tls })
    }

    /// A client that calls so, to be made up further.
    #[expect(clippy::disallowed_methods, reason = "here it is handed its TLS")]
    pub fn client(&self) -> ClientBuilder {
        Client::builder().tls_backend_preconfigured(self.tls.clone())
    }

    /// How TLS is spoken, for clients of another make.
    #[must_use]
    pub fn tls(&self) -> Arc<ClientConfig> {
        Arc::new(self.tls.clone())
    }
}

/// A client that believes whom the machine believes.
pub fn client() -> ClientBuilder {
    Calls::default().client()
}

fn believing(
    roots: Arc<RootCertStore>,
) -> tokio_rustls::rustls::ConfigBuilder<ClientConfig, tokio_rustls::rustls::client::WantsClientCert>
{
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("the provider knows the usual versions")
        .with_root_certificates(roots)
}
