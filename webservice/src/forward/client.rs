//! The digester services, as HTTP shows them.

use std::time::Duration;

use edge::{Peer, Token};
use reqwest::{Method, Response, StatusCode, header::RETRY_AFTER};
use schema::{DigestRequest, Held, JobId, NodeId, Taken};
use tracing::warn;

/// How long a node may take to say why a job waits; who asked is waiting, too.
const GLANCE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a full digester service is left alone when it does not say.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// What became of a hand-over.
pub(super) enum Handover {
    /// The node holds the job now, or did already.
    Taken(NodeId),
    /// The node is full, or stopping.
    Full { retry_after: Duration },
    /// The node is away, or deaf to us; the log knows why.
    Away,
    /// The node answers, and does not want this job; the log knows why.
    Unwanted,
}

/// Speaks to digester services.
#[derive(Clone)]
pub(crate) struct Client(Peer);

impl Client {
    pub(crate) fn new(token: Option<Token>) -> Self {
        Self(Peer::new(token))
    }

    pub(super) async fn hand_over(&self, digester: &str, request: &DigestRequest) -> Handover {
        let url = format!("{}/job", digester.trim_end_matches('/'));
        match self.0.request(Method::POST, &url).json(request).send().await {
            Ok(response) => judge(response, request.job.id).await,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, url, "the digester service at {url} does not answer");
                Handover::Away
            }
        }
    }

    pub(super) async fn cancel(&self, digester: &str, id: JobId) {
        let url = format!("{}/job/{id}", digester.trim_end_matches('/'));
        if let Err(error) = self.0.request(Method::DELETE, &url).send().await {
            let error = &error as &dyn std::error::Error;
            warn!(error, job.id = %id, "could not tell {digester} that job {id} is to end");
        }
    }

    /// What the node says of a job, if it holds it and answers soon.
    pub(super) async fn held(&self, digester: &str, id: JobId) -> Option<Held> {
        let url = format!("{}/job/{id}", digester.trim_end_matches('/'));
        let asked = self.0.request(Method::GET, &url).timeout(GLANCE_TIMEOUT).send();
        asked.await.ok()?.error_for_status().ok()?.json().await.ok()
    }
}

async fn judge(response: Response, id: JobId) -> Handover {
    let status = response.status();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return Handover::Full { retry_after: retry_after(&response) };
    }
    if !status.is_success() {
        let text = response.text().await.unwrap_or_default();
        warn!(job.id = %id, http.status = status.as_u16(), "job {id} was not taken: {text}");
        return match status.as_u16() {
            400 | 409 | 413 | 415 | 422 => Handover::Unwanted,
            _ => Handover::Away,
        };
    }
    match response.json::<Taken>().await {
        Ok(taken) => Handover::Taken(taken.node),
        Err(error) => {
            warn!(job.id = %id, error = %error, "the digester service's answer cannot be read");
            Handover::Away
        }
    }
}

fn retry_after(response: &Response) -> Duration {
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    header.and_then(|text| text.parse().ok()).map_or(DEFAULT_RETRY_AFTER, Duration::from_secs)
}
