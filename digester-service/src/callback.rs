//! The web service, as HTTP shows it.

use edge::{Peer, Token};
use reqwest::{Method, Response, StatusCode};
use schema::{
    AddressedPatch, Heartbeat, Instruction, ItemAnswer, Job, JobFilter, JobId, JobPatch, Key,
    Lease, NewJob, NodeId, Page, PatchAnswer, Problem, ProblemKind,
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
}

/// What is said to each of many patches.
pub(crate) type Answers = Vec<Result<PatchAnswer, Refusal>>;

/// Speaks to the web service.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    peer: Peer,
    base: String,
}

impl Callback {
    pub(crate) fn new(base: &str, token: Option<Token>) -> Self {
        Self { peer: Peer::new(token), base: base.trim_end_matches('/').to_owned() }
    }

    /// The same, towards another web service.
    pub(crate) fn towards(&self, base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), ..self.clone() }
    }

    /// The same, with connections of its own: for another runtime.
    pub(crate) fn apart(&self) -> Self {
        Self { peer: self.peer.apart(), base: self.base.clone() }
    }

    /// Which web service this is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Says that the node holds this job.
    pub(crate) async fn announce(&self, job: &NewJob) -> Result<Result<Job, Refusal>, Away> {
        let request = self.peer.request(Method::POST, format!("{}/job", self.base)).json(job);
        settle(request.send().await?).await
    }

    /// Says that the node lives.
    pub(crate) async fn beat(
        &self,
        node: &NodeId,
        beat: &Heartbeat,
    ) -> Result<Result<Lease, Refusal>, Away> {
        let url = self.url(&["node", node.as_str()]);
        settle(self.peer.request(Method::PUT, url).json(beat).send().await?).await
    }

    /// Says one thing of one job.
    pub(crate) async fn patch(
        &self,
        id: JobId,
        patch: &JobPatch,
    ) -> Result<Result<PatchAnswer, Refusal>, Away> {
        let request =
            self.peer.request(Method::PATCH, format!("{}/job/{id}", self.base)).json(patch);
        settle(request.send().await?).await
    }

    /// Says many things at once; one answer each, in their order, unless all are refused.
    pub(crate) async fn patch_all(
        &self,
        patches: &[AddressedPatch],
    ) -> Result<Result<Answers, Refusal>, Away> {
        let request = self.peer.request(Method::PATCH, format!("{}/job", self.base)).json(patches);
        let answers: Result<Vec<ItemAnswer>, _> = settle(request.send().await?).await?;
        Ok(answers.map(|answers| answers.into_iter().map(judge).collect()))
    }

    /// A page of jobs.
    pub(crate) async fn jobs(&self, filter: &JobFilter) -> Result<Page<Job>, Away> {
        let query = serde_urlencoded::to_string(filter).expect("a filter is flat");
        read(self.peer.request(Method::GET, format!("{}/job?{query}", self.base)).send().await?)
            .await
    }

    /// An instruction, as it was sent.
    pub(crate) async fn instruction(
        &self,
        key: &Key,
    ) -> Result<Result<Instruction, Refusal>, Away> {
        let url = self.url(&["instruction", key.as_str()]);
        settle(self.peer.request(Method::GET, url).send().await?).await
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
        _ => Refusal::Other,
    }
}
