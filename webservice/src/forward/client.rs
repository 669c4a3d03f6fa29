//! The digester services, as HTTP shows them.

mod regulation;

use std::{fmt, time::Duration};

use std::sync::Arc;

use edge::{Call, Calls, Credentials, Peer};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Response, StatusCode, header::RETRY_AFTER};
use schema::{
    DigestRequest, Held, JobId, NodeId, Preview, PreviewRequest, Problem, Taken, TakenItem,
};
use tracing::warn;

use crate::error::Unseen;

pub(crate) use regulation::Unanswered;

use super::promised::Promised;
use crate::peers::Peers;

/// How long a node may take to say why a job waits; who asked is waiting, too.
const GLANCE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a node may take to take jobs in; others are waiting, too.
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a full digester service is left alone when it does not say.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// What became of the offer of a job.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// The node holds the job now, or did already.
    Taken(NodeId),
    /// The node answers, and does not want this job; the log knows why.
    Unwanted,
    /// The node takes nothing for now.
    Left,
}

/// Why a digester service takes nothing for now.
#[derive(Clone, Copy, Debug)]
pub(super) enum Closed {
    /// It is full, or stopping.
    Full { retry_after: Duration },
    /// It is away, or deaf to us; the log knows why.
    Away,
}

/// Speaks to digester services.
#[derive(Clone)]
pub(crate) struct Client {
    peer: Peer,
    /// For what may be long.
    patient: Peer,
    pub(super) peers: Arc<Peers>,
    pub(crate) promised: Arc<Promised>,
}

impl Client {
    pub(crate) fn new(calls: &Calls, peers: Arc<Peers>) -> Self {
        Self {
            peer: Peer::new(calls.clone(), Credentials::None),
            patient: Peer::patient(calls.clone(), Credentials::None),
            peers,
            promised: Arc::default(),
        }
    }

    /// Offers one job.
    pub(super) async fn hand_over(
        &self,
        digester: &str,
        request: &DigestRequest,
    ) -> Result<Fate, Closed> {
        let response = self.post(digester, request).await?;
        let id = request.job.id;
        match response.status().as_u16() {
            400 | 409 | 413 | 415 | 422 => {
                let text = response.text().await.unwrap_or_default();
                warn!(job.id = %id, "job {id} was not taken: {text}");
                Ok(Fate::Unwanted)
            }
            _ => read::<Taken>(response).await.map(|taken| Fate::Taken(taken.node)),
        }
    }

    /// Offers many jobs; one fate each, in their order, and whether the node is full now.
    pub(super) async fn hand_over_all(
        &self,
        digester: &str,
        requests: &[&DigestRequest],
    ) -> Result<(Vec<Fate>, Option<Closed>), Closed> {
        let response = self.post(digester, requests).await?;
        let retry_after = retry_after(&response);
        let items: Vec<TakenItem> = read(response).await?;
        if items.len() != requests.len() {
            warn!("{digester} answers {} of {} jobs", items.len(), requests.len());
            return Err(Closed::Away);
        }
        let fates: Vec<_> = items.into_iter().map(fate).collect();
        let full = fates.iter().any(|fate| matches!(fate, Fate::Left));
        Ok((fates, full.then_some(Closed::Full { retry_after })))
    }

    async fn post<T: serde::Serialize + ?Sized>(
        &self,
        digester: &str,
        body: &T,
    ) -> Result<Response, Closed> {
        let url = at(digester, "job");
        let request = self.to(Method::POST, digester, "job").timeout(HANDOVER_TIMEOUT).json(body);
        match request.send().await {
            Ok(response) if response.status() == StatusCode::SERVICE_UNAVAILABLE => {
                Err(Closed::Full { retry_after: retry_after(&response) })
            }
            Ok(response) => Ok(response),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, url, "the digester service at {url} does not answer");
                Err(Closed::Away)
            }
        }
    }

    pub(super) async fn cancel(&self, digester: &str, id: JobId) {
        let path = format!("job/{id}");
        if let Err(error) = self.to(Method::DELETE, digester, &path).send().await {
            let error = &error as &dyn std::error::Error;
            warn!(error, job.id = %id, "could not tell {digester} that job {id} is to end");
        }
    }

    /// Asks the node for a file that a job wrote.
    pub(super) async fn download(
        &self,
        digester: &str,
        id: JobId,
        name: &str,
    ) -> reqwest::Result<Response> {
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
        let url = at(digester, format_args!("job/{id}/file/{name}"));
        let credentials = self.peers.credentials(digester);
        self.patient.request_as(&credentials, Method::GET, &url).send().await
    }

    /// What the node says would become of an instruction, or why it cannot tell.
    pub(super) async fn preview(
        &self,
        digester: &str,
        request: &PreviewRequest,
    ) -> Result<Preview, Unseen> {
        let url = at(digester, "preview");
        let away = |error: reqwest::Error| {
            let error = &error as &dyn std::error::Error;
            warn!(error, url, "{url} does not tell what would become of an instruction");
            Unseen { text: "the digester service does not answer".to_owned(), is_passing: true }
        };
        let response = self.to(Method::POST, digester, "preview").json(request).send().await;
        let response = response.map_err(away)?;
        match response.status() {
            StatusCode::OK => response.json().await.map_err(away),
            status => {
                let told = response.json::<Problem>().await.ok().and_then(|told| told.detail);
                let text = told.unwrap_or_else(|| format!("it answers {status}"));
                Err(Unseen { text, is_passing: status != StatusCode::UNPROCESSABLE_ENTITY })
            }
        }
    }

    /// What the node says of a job, if it holds it and answers soon.
    pub(super) async fn held(&self, digester: &str, id: JobId) -> Option<Held> {
        let path = format!("job/{id}");
        let asked = self.to(Method::GET, digester, &path).timeout(GLANCE_TIMEOUT).send();
        asked.await.ok()?.error_for_status().ok()?.json().await.ok()
    }

    /// A call to a digester service, which is told who calls as it wants it.
    fn to(&self, method: Method, digester: &str, path: &str) -> Call {
        self.peer.request_as(&self.peers.credentials(digester), method, at(digester, path))
    }
}

/// Where a digester service answers for this.
fn at(digester: &str, path: impl fmt::Display) -> String {
    format!("{}/{path}", digester.trim_end_matches('/'))
}

async fn read<T: serde::de::DeserializeOwned>(response: Response) -> Result<T, Closed> {
    let (status, url) = (response.status(), response.url().clone());
    if !status.is_success() {
        let text = response.text().await.unwrap_or_default();
        warn!(http.status = status.as_u16(), "{url} answers {status}: {text}");
        return Err(Closed::Away);
    }
    response.json().await.map_err(|error| {
        warn!(error = &error as &dyn std::error::Error, "the answer of {url} cannot be read");
        Closed::Away
    })
}

fn fate(item: TakenItem) -> Fate {
    let id = item.id;
    match (item.taken, item.problem) {
        (Some(taken), _) => Fate::Taken(taken.node),
        (None, Some(problem)) if problem.status == 503 => Fate::Left,
        (None, problem) => {
            let why = problem.and_then(|problem| problem.detail).unwrap_or_default();
            warn!(job.id = %id, "job {id} was not taken: {why}");
            Fate::Unwanted
        }
    }
}

fn retry_after(response: &Response) -> Duration {
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    header.and_then(|text| text.parse().ok()).map_or(DEFAULT_RETRY_AFTER, Duration::from_secs)
}
