//! TLS for those who call.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::gauge::ConstGauge,
    registry::{Registry, Unit},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, server::WebPkiClientVerifier},
};

use super::{TlsConfig, TlsError, authorities, identity::Shown, provider};

/// What connections are answered with that begin with a handshake.
#[derive(Clone)]
pub struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    shown: Shown,
}

impl Tls {
    /// Reads what the configuration names. The certificate is read again whenever it changes.
    pub fn load(config: &TlsConfig) -> Result<Self, TlsError> {
        Self::showing(Shown::load(&config.certificate, &config.key)?, config)
    }

    pub(super) fn showing(shown: Shown, config: &TlsConfig) -> Result<Self, TlsError> {
        let server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("the provider knows the usual versions");
        let server = match &config.client_ca {
            Some(file) => {
                let roots = Arc::new(authorities(file)?);
                let known = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
                server.with_client_cert_verifier(
                    known.map_err(|error| TlsError::unusable(file, error))?,
                )
            }
            None => server.with_no_client_auth(),
        };
        let mut server = server.with_cert_resolver(Arc::new(shown.clone()));
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(server)), shown })
    }

    /// When the certificate ends that is shown now, in seconds since 1970.
    #[must_use]
    pub fn expires(&self) -> i64 {
        self.shown.expires()
    }

    /// Lists the time at which the certificate ends among the figures.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(Expiry(self.shown.clone())));
    }
}

/// Looks when it is asked.
#[derive(Debug)]
struct Expiry(Shown);

impl Collector for Expiry {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (name, unit) = ("certificate_expiry_timestamp", Some(&Unit::Seconds));
        let help = "When the certificate that callers are shown ends, in seconds since 1970";
        let gauge = ConstGauge::new(self.0.expires());
        let metric = encoder.encode_descriptor(name, help, unit, gauge.metric_type())?;
        gauge.encode(metric)
    }
}
