use std::{fs, path::Path};

use axum::{Router, routing::get};
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{identity::Shown, *};
use crate::{Limits, Listener, serve};

/// Somebody who vouches for others, and a folder for the files.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Issues a certificate for this machine, good until that year.
    fn issue(&self, name: &str, year: i32) -> Certificate {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(self.at(name).with_extension("pem"), certificate.pem()).unwrap();
        fs::write(self.at(name).with_extension("key"), key.serialize_pem()).unwrap();
        certificate
    }

    fn config(&self, name: &str) -> TlsConfig {
        TlsConfig {
            certificate: self.at(name).with_extension("pem"),
            key: self.at(name).with_extension("key"),
            client_ca: None,
        }
    }

    /// A client that believes this authority, and shows this certificate.
    fn client(&self, shown: Option<&str>) -> reqwest::Client {
        let config = CallsConfig {
            ca: Some(self.at("ca.pem")),
            certificate: shown.map(|name| self.at(name).with_extension("pem")),
            key: shown.map(|name| self.at(name).with_extension("key")),
        };
        // Each request shakes hands.
        Calls::load(&config).unwrap().client().pool_max_idle_per_host(0).build().unwrap()
    }
}

/// Something that answers by TLS; stopped when dropped.
struct Server {
    url: String,
    _stop: tokio_util::sync::DropGuard,
    _served: JoinHandle<io::Result<()>>,
}

impl Server {
    async fn showing(tls: Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        let router = Router::new().route("/", get(async || "hello"));
        let stop = CancellationToken::new();
        let listener = Listener::new(listener, Some(tls));
        let served = tokio::spawn(serve(listener, router, stop.clone(), Limits::default()));
        Self { url, _stop: stop.drop_guard(), _served: served }
    }

    async fn answers(&self, client: &reqwest::Client) -> Option<String> {
        client.get(&self.url).send().await.ok()?.text().await.ok()
    }
}

fn hello() -> Option<String> {
    Some("hello".to_owned())
}

#[tokio::test]
async fn whoever_believes_the_authority_is_answered_and_others_break_off() {
    let authority = Authority::new();
    authority.issue("web", 2999);
    let server = Server::showing(Tls::load(&authority.config("web")).unwrap()).await;
    assert_eq!(server.answers(&authority.client(None)).await, hello());
    assert_eq!(server.answers(&Authority::new().client(None)).await, None);
    assert_eq!(server.answers(&client().build().unwrap()).await, None);
}

#[tokio::test]
async fn a_new_certificate_is_shown_once_it_can_be_used() {
    let authority = Authority::new();
    authority.issue("web", 2999);
    let config = authority.config("web");
    let shown = Shown::looking_always(&config.certificate, &config.key).unwrap();
    let tls = Tls::showing(shown, &config).unwrap();
    let server = Server::showing(tls.clone()).await;
    let (client, first) = (authority.client(None), tls.expires());

    fs::write(&config.certificate, "").unwrap();
    assert_eq!(server.answers(&client).await, hello(), "the old one goes on");
    assert_eq!(tls.expires(), first);

    authority.issue("web", 2998);
    assert_eq!(server.answers(&client).await, hello());
    assert!(tls.expires() < first, "the new one is in use");
}

#[tokio::test]
async fn where_callers_must_show_a_certificate_only_the_authority_s_own_are_let_in() {
    let (authority, other) = (Authority::new(), Authority::new());
    authority.issue("web", 2999);
    authority.issue("node", 2999);
    other.issue("node", 2999);
    for name in ["node.pem", "node.key"] {
        fs::copy(other.at(name), authority.at(&format!("foreign-{name}"))).unwrap();
    }
    let config = TlsConfig { client_ca: Some(authority.at("ca.pem")), ..authority.config("web") };
    let server = Server::showing(Tls::load(&config).unwrap()).await;
    assert_eq!(server.answers(&authority.client(Some("node"))).await, hello());
    assert_eq!(server.answers(&authority.client(Some("foreign-node"))).await, None);
    assert_eq!(server.answers(&authority.client(None)).await, None);
}

#[test]
fn what_cannot_be_used_is_told_with_its_file() {
    let authority = Authority::new();
    authority.issue("web", 2999);
    authority.issue("node", 2999);
    let told = |certificate: &str, key: &str| {
        let (certificate, key) = (authority.at(certificate), authority.at(key));
        let config = TlsConfig { certificate, key, client_ca: None };
        let error = Tls::load(&config).err().expect("it cannot be used").to_string();
        let folder = format!("{}/", authority.folder.path().display());
        error.replace(&folder, "")
    };
    assert_eq!(
        told("web.pem", "node.key"),
        "the key in node.key does not belong to the certificate in web.pem"
    );
    assert_eq!(told("web.key", "web.key"), "web.key has no certificate in it");
    assert_eq!(told("web.pem", "web.pem"), "web.pem has no private key in it");
    let gone = told("gone.pem", "web.key");
    assert!(gone.starts_with("gone.pem cannot be read as a PEM file: No such file"), "{gone}");
    fs::write(authority.at("broken.pem"), BROKEN).unwrap();
    let broken = told("broken.pem", "web.key");
    assert!(broken.starts_with("broken.pem cannot be"), "{broken}");
}

/// A certificate by its frame alone.
const BROKEN: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

#[test]
fn a_certificate_to_show_needs_its_key() {
    let certificate = Some(Path::new("node.pem").to_owned());
    let config = CallsConfig { certificate, ..CallsConfig::default() };
    assert!(matches!(Calls::load(&config), Err(TlsError::Half)));
}
