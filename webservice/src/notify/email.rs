//! Letters, handed in at an SMTP server.

use std::{io, path::Path, time::Duration};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::{
        self,
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};

use super::{
    Failure,
    config::{Encryption, SmtpConfig},
};
use crate::outside::told;

/// How long the server may take to answer.
const LONGEST: Duration = Duration::from_secs(30);

/// What somebody is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What it is about.
    pub subject: String,
    /// The letter without its looks.
    pub text: String,
    /// The same as a page.
    pub html: String,
}

/// Hands a letter in. The same letter has the same id in every try.
pub(super) async fn send(
    config: &SmtpConfig,
    ca: Option<&Path>,
    to: &str,
    id: &str,
    letter: Letter,
) -> Result<(), Failure> {
    let to = allowed(config, to).map_err(Failure::Final)?;
    let body = MultiPart::alternative_plain_html(letter.text, letter.html);
    let id = format!("<{id}@{}>", config.from.email.domain());
    let message = Message::builder()
        .from(config.from.clone())
        .to(Mailbox::new(None, to))
        .message_id(Some(id))
        .subject(letter.subject)
        .multipart(body)
        .map_err(|error| Failure::Final(error.to_string()))?;
    let unreadable = |error: io::Error| Failure::Passing(format!("the file of `ca`: {error}"));
    let ca = match ca {
        Some(file) => Some(tokio::fs::read(file).await.map_err(unreadable)?),
        None => None,
    };
    let transport = transport(config, ca).map_err(|error| Failure::Passing(told(&error)))?;
    match transport.send(message).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_permanent() => Err(Failure::Final(told(&error))),
        Err(error) => Err(Failure::Passing(told(&error))),
    }
}

/// The address, if it is one that may be written to.
pub(super) fn allowed(config: &SmtpConfig, to: &str) -> Result<Address, String> {
    let address: Address =
        to.parse().map_err(|error| format!("{to:?} is no e-mail address: {error}"))?;
    let is_listed = |domain: &String| domain.eq_ignore_ascii_case(address.domain());
    match config.domains.is_empty() || config.domains.iter().any(is_listed) {
        true => Ok(address),
        false => Err(format!("e-mail to {} is not allowed here", address.domain())),
    }
}

/// Believes whoever this PEM vouches for, or whom the machine believes.
fn transport(
    config: &SmtpConfig,
    ca: Option<Vec<u8>>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, smtp::Error> {
    let parameters = || match &ca {
        Some(pem) => TlsParameters::builder(config.host.clone())
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(pem)?)
            .build(),
        None => TlsParameters::new(config.host.clone()),
    };
    let (tls, usual) = match config.encryption {
        Encryption::Starttls => (Tls::Required(parameters()?), smtp::SUBMISSION_PORT),
        Encryption::Tls => (Tls::Wrapper(parameters()?), smtp::SUBMISSIONS_PORT),
        Encryption::None => (Tls::None, smtp::SMTP_PORT),
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
        .port(config.port.unwrap_or(usual))
        .timeout(Some(LONGEST))
        .tls(tls);
    if let (Some(user), Some(password)) = (&config.user, &config.password) {
        let password = password.reveal().to_owned();
        transport = transport.credentials(Credentials::new(user.clone(), password));
    }
    Ok(transport.build())
}
