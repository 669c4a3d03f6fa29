//! The server that was there before is shown our loads, as if they were its own: each is a job there,
//! of the same name.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use edge::Calls;
use reqwest::{
    Client, Method, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
    redirect::Policy,
};
use schema::{Job, gobii::LoaderInstruction};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{config::GobiiConfig, instruction::KIND, job::JobDto, login, path::segment};
use crate::{
    notify::{Failure, Password},
    outside,
};

/// What the mirror is called where jobs say who is told of them.
pub(crate) const NAME: &str = "gobii";
/// How long it may take to show one job.
const LONGEST: Duration = Duration::from_secs(30);
/// How much the other server may answer.
const MAX_BYTES: usize = 256 << 10;
const JSON: &str = "application/json";

/// As whom jobs are shown to the other server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MirrorConfig {
    /// A user of the other server.
    pub user: String,
    /// Their password.
    pub password: Password,
}

/// Shows jobs to the other server.
pub(crate) struct Mirror {
    http: Client,
    config: MirrorConfig,
    /// Where the API of each crop is.
    crops: BTreeMap<String, String>,
    /// What the other server gave us at our last login to each crop.
    tokens: Mutex<HashMap<String, String>>,
}

impl Mirror {
    /// The mirror, if it is switched on.
    pub(crate) fn of(gobii: &GobiiConfig, calls: &Calls) -> Option<Self> {
        let (config, upstream) = (gobii.mirror.clone()?, gobii.upstream.as_ref()?.to_string());
        let upstream = upstream.trim_end_matches('/');
        let at = |context| format!("{upstream}{context}gobii/v1");
        let crops = gobii.crops.contexts().map(|(id, context)| (id.to_string(), at(context)));
        let http = calls.client().redirect(Policy::none()).build();
        Some(Self {
            http: http.expect("a client with these settings always builds"),
            config,
            crops: crops.collect(),
            tokens: Mutex::default(),
        })
    }

    /// Shows how a job stands.
    pub(crate) async fn show(&self, job: &Job, instruction: &str) -> Result<(), Failure> {
        let shown = tokio::time::timeout(LONGEST, self.try_show(job, instruction)).await;
        shown.unwrap_or_else(|_| Err(Failure::Passing(format!("no answer in {LONGEST:?}"))))
    }

    async fn try_show(&self, job: &Job, instruction: &str) -> Result<(), Failure> {
        let (crop, name) = self.load(job)?;
        let instruction = LoaderInstruction::parse(instruction)
            .map_err(|error| Failure::Final(format!("the instruction cannot be read: {error}")))?;
        let path = format!("jobs/{}", segment(name));
        let known = self.ask(crop, Method::GET, &path, None).await?;
        let id = known["payload"]["data"][0]["jobId"].as_i64();
        let dto = json!(JobDto::new(job, name, &instruction).numbered(id));
        match id {
            Some(_) => self.ask(crop, Method::PUT, &path, Some(envelope("UPDATE", dto))).await,
            None => self.ask(crop, Method::POST, "jobs", Some(envelope("CREATE", dto))).await,
        }
        .map(drop)
    }

    /// Of which crop a load is, and what it is called there.
    fn load<'a>(&self, job: &'a Job) -> Result<(&'a str, &'a str), Failure> {
        let load = job.key.as_str().split_once(':').filter(|(crop, _)| {
            job.kind.as_str() == KIND
                && job.tenant.as_deref() == Some(*crop)
                && self.crops.contains_key(*crop)
        });
        load.ok_or_else(|| Failure::Final("it is no load of a crop of GOBii's".to_owned()))
    }

    /// What the other server answers; if it has forgotten who we are, after another login.
    async fn ask(
        &self,
        crop: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        let kept = self.tokens().get(crop).cloned();
        let token = match &kept {
            Some(token) => token.clone(),
            None => self.log_in(crop).await?,
        };
        let answer = self.send(crop, method.clone(), path, body.as_ref(), &token).await?;
        if answer.status() != StatusCode::UNAUTHORIZED || kept.is_none() {
            return read(answer).await;
        }
        let token = self.log_in(crop).await?;
        read(self.send(crop, method, path, body.as_ref(), &token).await?).await
    }

    async fn send(
        &self,
        crop: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
        token: &str,
    ) -> Result<Response, Failure> {
        let request = self.http.request(method, format!("{}/{path}", self.crops[crop]));
        let request = request
            .header(login::TOKEN, token)
            .header(ACCEPT, JSON)
            .header(CONTENT_TYPE, JSON)
            .body(body.map(Value::to_string).unwrap_or_default());
        request.send().await.map_err(away)
    }

    async fn log_in(&self, crop: &str) -> Result<String, Failure> {
        let request = self.http.post(format!("{}/auth", self.crops[crop]));
        let request = request
            .header(login::USER, &self.config.user)
            .header(login::PASSWORD, self.config.password.reveal())
            .header(ACCEPT, JSON)
            .header(CONTENT_TYPE, JSON)
            // What GOBii's own clients send.
            .body("empty");
        let answer = request.send().await.map_err(away)?;
        let token = answer.headers().get(login::TOKEN).and_then(|token| token.to_str().ok());
        match (answer.status(), token) {
            (StatusCode::OK, Some(token)) => {
                self.tokens().insert(crop.to_owned(), token.to_owned());
                Ok(token.to_owned())
            }
            (status, _) => Err(Failure::Passing(format!("it does not let us in: {status}"))),
        }
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, String>> {
        // Every change is one insertion.
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job in the envelope that GOBii's clients send.
fn envelope(process: &str, job: Value) -> Value {
    let nobody = json!({"userName": null, "password": null, "token": null, "gobiiCropType": null});
    let fine = json!({"succeeded": true, "statusMessages": [], "statusMessagesByCode": {}});
    json!({
        "payload": {
            "linkCollection": {"linksPerDataItem": [], "exploreLinksPerDataItem": []},
            "data": [job],
        },
        "header": {"gobiiProcessType": process, "dtoHeaderAuth": nobody, "status": fine,
                   "gobiiVersion": null, "cropType": null},
    })
}

/// The envelope that came back, if it tells of no failure.
async fn read(answer: Response) -> Result<Value, Failure> {
    let status = answer.status();
    let body = outside::read(answer, MAX_BYTES).await.map_err(Failure::Passing)?;
    let envelope: Value = serde_json::from_slice(&body).unwrap_or_default();
    let said = &envelope["header"]["status"];
    if status.is_success() && said["succeeded"] == true {
        return Ok(envelope);
    }
    let message = said["statusMessages"][0]["message"].as_str().unwrap_or_default();
    let why = format!("it answers {status} {message}").trim_end().to_owned();
    Err(if is_final(status) { Failure::Final(why) } else { Failure::Passing(why) })
}

/// Whether the same would be answered to the same for ever.
fn is_final(status: StatusCode) -> bool {
    let passing = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    status.is_client_error() && !passing.contains(&status)
}

fn away(error: reqwest::Error) -> Failure {
    Failure::Passing(outside::told(&error))
}
