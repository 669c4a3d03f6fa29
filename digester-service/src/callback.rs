//! The web service, as HTTP shows it.

use edge::{Call, Calls, Credentials, Peer};
use prometheus_client::metrics::counter::Counter;
use reqwest::{
    Method, Response, StatusCode,
    header::{HeaderName, HeaderValue},
};
use schema::{
    AddressedPatch, Heartbeat, Instruction, ItemAnswer, Job, JobFilter, JobId, Key, Lease, NewJob,
    NodeId, Page, PatchAnswer, Problem, ProblemKind, TraceParent,
};
use serde::de::DeserializeOwned;

/// Why the web service did not take something, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The job is somebody else's, or settled.
    #[error("the job is not this attempt's any more")]
    Conflict,
    /// The web service does not know the job.
    #[error("the web service does not know the job")]
    Unknown,
    /// The web service has not handed the job to this node, or does not know yet that it has.
    #[error("the web service did not hand the job to this node")]
    NotHanded,
    /// The web service finds fault with what was said.
    #[error("the web service refuses what was said")]
    Other,
}

/// The web service did not answer, or not in a way that settles anything: try again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Away {
    /// No answer.
    #[error("the web service does not answer")]
    Silent(#[from] reqwest::Error),
    /// It says that it cannot, for now.
    #[error("the web service answers {status}: {text}")]
    Unable { status: StatusCode, text: String },
    /// It refuses to say what it always says.
    #[error("the web service does not answer the question")]
    Refused(#[from] Refusal),
}

/// What is said to each of many patches.
pub(crate) type Answers = Vec<Result<PatchAnswer, Refusal>>;

/// Speaks to the web service.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    peer: Peer,
    base: String,
    /// Requests that were not answered, or not in a way that settles anything.
    pub(crate) failures: Counter,
}

impl Callback {
    pub(crate) fn new(base: &str, calls: Calls, credentials: Credentials) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { peer: Peer::new(calls, credentials), base, failures: Counter::default() }
    }

    /// The same, towards another web service.
    pub(crate) fn towards(&self, base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), ..self.clone() }
    }

    /// The same, with connections of its own: for another runtime.
    pub(crate) fn apart(&self) -> Self {
        Self { peer: self.peer.apart(), ..self.clone() }
    }

    /// Which web service this is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Says that the node holds this job.
    pub(crate) async fn announce(&self, job: &NewJob) -> Result<Result<Job, Refusal>, Away> {
        let request = self.peer.request(Method::POST, format!("{}/job", self.base)).json(job);
        self.ask(request).await
    }

    /// Says that the node lives.
    pub(crate) async fn beat(
        &self,
        node: &NodeId,
        beat: &Heartbeat,
    ) -> Result<Result<Lease, Refusal>, Away> {
        let url = self.url(&["node", node.as_str()]);
        self.ask(self.peer.request(Method::PUT, url).json(beat)).await
    }

    /// Says one thing of one job.
    pub(crate) async fn patch(
        &self,
        item: &AddressedPatch,
    ) -> Result<Result<PatchAnswer, Refusal>, Away> {
        let url = format!("{}/job/{}", self.base, item.id);
        let mut request = self.peer.request(Method::PATCH, url).json(&item.patch);
        if let Some(trace) = &item.traceparent {
            let trace = HeaderValue::from_str(trace.as_str()).expect("a trace is plain text");
            request = request.header(HeaderName::from_static(TraceParent::HEADER), trace);
        }
        self.ask(request).await
    }

    /// Says many things at once; one answer each, in their order, unless all are refused.
    pub(crate) async fn patch_all(
        &self,
        patches: &[AddressedPatch],
    ) -> Result<Result<Answers, Refusal>, Away> {
        let request = self.peer.request(Method::PATCH, format!("{}/job", self.base)).json(patches);
        let answers: Result<Vec<ItemAnswer>, _> = self.ask(request).await?;
        Ok(answers.map(|answers| answers.into_iter().map(judge).collect()))
    }

    /// A page of jobs.
    pub(crate) async fn jobs(&self, filter: &JobFilter) -> Result<Page<Job>, Away> {
        let query = serde_urlencoded::to_string(filter).expect("a filter is flat");
        let request = self.peer.request(Method::GET, format!("{}/job?{query}", self.base));
        // A list has nothing to refuse.
        Ok(self.ask(request).await??)
    }

    /// A job with its report.
    pub(crate) async fn job(&self, id: JobId) -> Result<Result<Job, Refusal>, Away> {
        self.ask(self.peer.request(Method::GET, format!("{}/job/{id}", self.base))).await
    }

    /// An instruction, as it was sent.
    pub(crate) async fn instruction(
        &self,
        key: &Key,
    ) -> Result<Result<Instruction, Refusal>, Away> {
        let url = self.url(&["instruction", key.as_str()]);
        self.ask(self.peer.request(Method::GET, url)).await
    }

    async fn ask<T: DeserializeOwned>(&self, request: Call) -> Result<Result<T, Refusal>, Away> {
        let asked = async { settle(request.send().await?).await };
        asked.await.inspect_err(|_| {
            self.failures.inc();
        })
    }

    fn url(&self, path: &[&str]) -> reqwest::Url {
        let mut url = reqwest::Url::parse(&self.base).expect("the configured callback is a URL");
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

/// Tells a refusal, which is final, from trouble, which passes.
async fn settle<T: DeserializeOwned>(response: Response) -> Result<Result<T, Refusal>, Away> {
    match response.status() {
        StatusCode::CONFLICT => Ok(Err(Refusal::Conflict)),
        StatusCode::FORBIDDEN => Ok(Err(Refusal::NotHanded)),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(Err(Refusal::Unknown)),
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY => {
            let text = response.text().await.unwrap_or_default();
            tracing::error!("the web service refuses what was said: {text}");
            Ok(Err(Refusal::Other))
        }
        _ => read(response).await.map(Ok),
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Away> {
    let status = response.status();
    if status.is_success() {
        return Ok(response.json().await?);
    }
    let text = response.text().await.unwrap_or_default();
    Err(Away::Unable { status, text })
}

fn judge(item: ItemAnswer) -> Result<PatchAnswer, Refusal> {
    match (item.taken, item.problem) {
        (Some(taken), _) => Ok(taken),
        (None, Some(problem)) => Err(refusal(&problem)),
        (None, None) => Err(Refusal::Other),
    }
}

fn refusal(problem: &Problem) -> Refusal {
    match ProblemKind::of(problem) {
        Some(ProblemKind::StaleAttempt | ProblemKind::IllegalMove) => Refusal::Conflict,
        Some(ProblemKind::NotFound) => Refusal::Unknown,
        Some(ProblemKind::Forbidden) => Refusal::NotHanded,
        _ => Refusal::Other,
    }
}
