//! The web service, as the command line sees it.

use std::{convert::Infallible, fmt, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use edge::{Calls, CallsConfig, Token};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use schema::{
    Accepted, ApiToken, AuditEntry, AuditFilter, Instruction, Job, JobEvent, JobFilter, JobId, Key,
    Limit, NewInstruction, NewToken, Node, Notification, NotificationFilter, Page, Preview,
    Problem,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where the web service is, and who asks.
#[derive(clap::Args)]
pub(crate) struct Server {
    /// The web service to ask.
    #[arg(long, env = "DIGESTER_URL", default_value = "http://127.0.0.1:8080")]
    server: Url,
    #[command(flatten)]
    who: Who,
}

/// Who asks.
#[derive(clap::Args)]
pub(crate) struct Who {
    /// An API token, where the web service asks who calls.
    #[arg(long, env = "DIGESTER_API_TOKEN", hide_env_values = true, value_parser = token)]
    token: Option<Token>,
    #[command(flatten)]
    trust: Trust,
}

/// Whom to believe.
#[derive(clap::Args)]
pub(crate) struct Trust {
    /// Who vouches for services at https:// addresses: a PEM file. Whoever this machine believes
    /// when absent.
    #[arg(long, env = "DIGESTER_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Trust {
    pub(crate) fn calls(&self) -> anyhow::Result<Calls> {
        let config = CallsConfig { ca: self.ca.clone(), ..CallsConfig::default() };
        Calls::load(&config).context("read what --ca names")
    }
}

/// Where the web service is, and how to answer.
#[derive(clap::Args)]
pub(crate) struct Common {
    #[command(flatten)]
    server: Server,
    /// Answer as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Server {
    pub(crate) fn api(&self) -> anyhow::Result<Api> {
        Api::new(self.server.clone(), &self.who)
    }
}

impl Common {
    pub(crate) fn api(&self) -> anyhow::Result<Api> {
        self.server.api()
    }
}

fn token(text: &str) -> Result<Token, Infallible> {
    Ok(Token::new(text.to_owned()))
}

/// Speaks to the web service.
pub(crate) struct Api {
    http: Client,
    server: Url,
    token: Option<Token>,
}

impl Api {
    pub(crate) fn new(server: Url, who: &Who) -> anyhow::Result<Self> {
        let http = who.trust.calls()?.client().timeout(TIMEOUT).build();
        let http = http.context("make an HTTP client")?;
        Ok(Self { http, server, token: who.token.clone() })
    }

    pub(crate) async fn submit(&self, new: &NewInstruction) -> anyhow::Result<Accepted> {
        self.send(self.http.post(self.url(&["instruction"])).json(new)).await
    }

    /// What would become of an instruction.
    pub(crate) async fn preview(&self, new: &NewInstruction) -> anyhow::Result<Preview> {
        let mut url = self.url(&["instruction"]);
        url.set_query(Some("dry_run=true"));
        self.send(self.http.post(url).json(new)).await
    }

    pub(crate) async fn instruction(&self, key: &Key) -> anyhow::Result<Instruction> {
        self.send(self.http.get(self.url(&["instruction", key.as_str()]))).await
    }

    pub(crate) async fn job(&self, id: JobId) -> anyhow::Result<Job> {
        self.send(self.http.get(self.url(&["job", &id.to_string()]))).await
    }

    pub(crate) async fn jobs(&self, filter: &JobFilter) -> anyhow::Result<Page<Job>> {
        let mut url = self.url(&["job"]);
        url.set_query(Some(&serde_urlencoded::to_string(filter)?));
        self.send(self.http.get(url)).await
    }

    /// What happened to a job after the event `after`.
    pub(crate) async fn events(&self, id: JobId, after: i64) -> anyhow::Result<Vec<JobEvent>> {
        let (mut events, mut after) = (Vec::new(), after.to_string());
        loop {
            let mut url = self.url(&["job", &id.to_string(), "events"]);
            url.set_query(Some(&format!("after={after}")));
            let page: Page<JobEvent> = self.send(self.http.get(url)).await?;
            events.extend(page.items);
            match page.next {
                Some(next) => after = next,
                None => return Ok(events),
            }
        }
    }

    pub(crate) async fn notifications(
        &self,
        filter: &NotificationFilter,
    ) -> anyhow::Result<Page<Notification>> {
        let mut url = self.url(&["notification"]);
        url.set_query(Some(&serde_urlencoded::to_string(filter)?));
        self.send(self.http.get(url)).await
    }

    /// Has a notification tried again.
    pub(crate) async fn resend(&self, id: i64) -> anyhow::Result<()> {
        let path = ["notification", &id.to_string(), "resend"];
        self.call(self.http.post(self.url(&path))).await.map(drop)
    }

    pub(crate) async fn nodes(&self) -> anyhow::Result<Vec<Node>> {
        self.send(self.http.get(self.url(&["node"]))).await
    }

    pub(crate) async fn cancel(&self, id: JobId) -> anyhow::Result<Job> {
        self.send(self.http.post(self.url(&["job", &id.to_string(), "cancel"]))).await
    }

    pub(crate) async fn rerun(&self, id: JobId) -> anyhow::Result<Job> {
        self.send(self.http.post(self.url(&["job", &id.to_string(), "rerun"]))).await
    }

    pub(crate) async fn make_token(&self, new: &NewToken) -> anyhow::Result<ApiToken> {
        self.send(self.http.post(self.url(&["token"])).json(new)).await
    }

    pub(crate) async fn tokens(&self) -> anyhow::Result<Vec<ApiToken>> {
        self.send(self.http.get(self.url(&["token"]))).await
    }

    pub(crate) async fn revoke_token(&self, id: Uuid) -> anyhow::Result<()> {
        self.call(self.http.delete(self.url(&["token", &id.to_string()]))).await.map(drop)
    }

    pub(crate) async fn audit(&self, filter: &AuditFilter) -> anyhow::Result<Page<AuditEntry>> {
        let mut url = self.url(&["audit"]);
        url.set_query(Some(&serde_urlencoded::to_string(filter)?));
        self.send(self.http.get(url)).await
    }

    /// The job that somebody means: by its id, or by the key of its instruction (the newest one).
    pub(crate) async fn resolve(&self, name: &str) -> anyhow::Result<JobId> {
        if let Ok(id) = name.parse() {
            return Ok(id);
        }
        let key: Key = name.parse().with_context(|| format!("{name:?} names no job"))?;
        let filter = JobFilter { key: Some(key), limit: Some(Limit::ONE), ..JobFilter::default() };
        match self.jobs(&filter).await?.items.first() {
            Some(job) => Ok(job.id),
            None => bail!("no job has the id or the key {name}; `digester jobs` lists them"),
        }
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.server.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let response = self.call(request).await?;
        response.json().await.context("read the answer of the web service")
    }

    /// Asks the web service; what it refuses is an error.
    async fn call(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        };
        let response = request.send().await.with_context(|| {
            let server = self.server.as_str();
            format!("the web service at {server} does not answer; is `digester up` running there?")
        })?;
        accepted(response, "the web service").await
    }
}

/// What a service answers, or the problem it tells.
pub(crate) async fn read<T: DeserializeOwned>(response: Response, who: &str) -> anyhow::Result<T> {
    let response = accepted(response, who).await?;
    response.json().await.with_context(|| format!("read the answer of {who}"))
}

async fn accepted(response: Response, who: &str) -> anyhow::Result<Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = match response.json::<Problem>().await {
        Ok(problem) => problem.detail.unwrap_or(problem.title),
        Err(_) => format!("{who} answers {status}"),
    };
    match status {
        StatusCode::SERVICE_UNAVAILABLE => Err(Unavailable(text).into()),
        _ => bail!(text),
    }
}

/// Full, or for a moment unable.
#[derive(Debug)]
struct Unavailable(String);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unavailable {}

/// Whether the same may well succeed a little later.
pub(crate) fn is_away(error: &anyhow::Error) -> bool {
    let silent = error.downcast_ref::<reqwest::Error>().is_some_and(|error| !error.is_decode());
    silent || error.is::<Unavailable>()
}
