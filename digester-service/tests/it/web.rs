//! A web service in memory: the same rules as the real one's row, and faults at will.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, patch, post, put},
};
use schema::{
    AddressedPatch, Attempt, Demand, Heartbeat, JobPatch, JobStatus, Problem, ProblemKind,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, time::timeout};
use uuid::{NoContext, Timestamp, Uuid};

use crate::world::GUARD;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Nothing is heard.
    Away,
    /// Everything is heard, and every answer to a patch is lost.
    LosesAnswers,
    /// Patches wait until the mood changes.
    Slow,
    /// Patches that settle a job do.
    SlowToSettle,
    /// Batches of patches, and reports, are too large.
    Narrow,
}

/// A job's row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: String,
    kind: String,
    pub(crate) status: JobStatus,
    pub(crate) attempt: u32,
    pub(crate) cut_short: u32,
    sequence: u32,
    pub(crate) node: Option<String>,
    pub(crate) message: String,
    pub(crate) cancel_requested: bool,
    pub(crate) report: Option<String>,
    /// What each attempt demanded.
    pub(crate) demands: Vec<Demand>,
    /// The trace that each thing said of it belonged to.
    pub(crate) traces: Vec<Option<String>>,
    /// Everything that was ever taken: status, stage and progress, in order.
    pub(crate) past: Vec<String>,
}

#[derive(Default)]
struct Model {
    rows: BTreeMap<Uuid, Row>,
    instructions: HashMap<String, Value>,
    /// How many instructions were asked for.
    instructions_asked_for: usize,
    /// The process that was heard last of each node.
    boots: HashMap<String, Uuid>,
}

#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) url: String,
    model: Arc<Mutex<Model>>,
    mood: Arc<watch::Sender<Mood>>,
    changes: Arc<watch::Sender<u64>>,
    /// How many patches arrived, taken or not.
    heard: Arc<watch::Sender<u64>>,
    /// How often it was asked what is unsettled.
    asked: Arc<watch::Sender<u64>>,
    /// What nodes said of themselves.
    beats: Arc<watch::Sender<Vec<Heartbeat>>>,
    /// How long a lease is; none: no leases are known here.
    lease_ms: Arc<watch::Sender<Option<u64>>>,
}

impl Web {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let web = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            model: Arc::default(),
            mood: Arc::new(watch::channel(Mood::Well).0),
            changes: Arc::new(watch::channel(0).0),
            heard: Arc::new(watch::channel(0).0),
            asked: Arc::new(watch::channel(0).0),
            beats: Arc::new(watch::channel(Vec::new()).0),
            lease_ms: Arc::new(watch::channel(Some(600_000)).0),
        };
        let router = Router::new()
            .route("/job", post(announce).patch(patch_all).get(list))
            .route("/job/{id}", patch(patch_one).get(show))
            .route("/instruction/{key}", get(instruction))
            .route("/node/{id}", put(hear))
            .with_state(web.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        web
    }

    pub(crate) fn is(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Grants leases so long from now on, or none.
    pub(crate) fn leases(&self, milliseconds: Option<u64>) {
        self.lease_ms.send_replace(milliseconds);
    }

    /// Waits for a heartbeat that is as wanted.
    pub(crate) async fn beats(&self, wanted: impl Fn(&Heartbeat) -> bool) -> Heartbeat {
        let mut beats = self.beats.subscribe();
        let heard = timeout(GUARD, beats.wait_for(|beats| beats.iter().any(&wanted))).await;
        let heard = heard.expect("the heartbeat comes").unwrap();
        heard.iter().rfind(|beat| wanted(beat)).unwrap().clone()
    }

    /// Waits for so many heartbeats more.
    pub(crate) async fn hears_beats(&self, more: usize) {
        let mut beats = self.beats.subscribe();
        let wanted = beats.borrow().len() + more;
        let heard = timeout(GUARD, beats.wait_for(|beats| beats.len() >= wanted));
        heard.await.expect("heartbeats come").unwrap();
    }

    /// Makes a submitted job, and the request that hands it over.
    pub(crate) fn submit(&self, kind: &str, instruction: &Value) -> (Uuid, Value) {
        let (id, key) = (self.mint(), Uuid::now_v7().to_string());
        let request = json!({
            "job": {"id": id, "key": key, "kind": kind, "instruction": instruction},
            "config": {"known": true},
        });
        let mut model = self.model();
        model.instructions.insert(key.clone(), instruction.clone());
        model.rows.insert(id, Row::new(key, kind.to_owned(), None));
        (id, request)
    }

    /// A new id, a second later than the one before: the order of submission is told from it.
    fn mint(&self) -> Uuid {
        let (seconds, _) = Uuid::now_v7().get_timestamp().unwrap().to_unix();
        let seconds = seconds - 10_000 + self.model().rows.len() as u64;
        Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, 0))
    }

    pub(crate) fn row(&self, id: Uuid) -> Row {
        self.model().rows[&id].clone()
    }

    /// Changes a row behind everybody's back.
    pub(crate) fn change(&self, id: Uuid, change: impl FnOnce(&mut Row)) {
        if let Some(row) = self.model().rows.get_mut(&id) {
            change(row);
        }
    }

    /// Waits until the row is as wanted.
    pub(crate) async fn until(&self, id: Uuid, wanted: impl Fn(&Row) -> bool) -> Row {
        let mut changes = self.changes.subscribe();
        let waited = timeout(GUARD, changes.wait_for(|_| wanted(&self.row(id)))).await;
        assert!(waited.is_ok(), "the row does not become as wanted: {:?}", self.row(id));
        self.row(id)
    }

    pub(crate) async fn until_settled(&self, id: Uuid) -> Row {
        self.until(id, |row| row.status.is_settled()).await
    }

    pub(crate) fn instructions_asked_for(&self) -> usize {
        self.model().instructions_asked_for
    }

    /// Waits until so many patches more have arrived.
    pub(crate) async fn hears(&self, more: u64) {
        self.has_heard(self.heard() + more).await;
    }

    /// Waits until so many patches have arrived in all.
    pub(crate) async fn has_heard(&self, wanted: u64) {
        let mut heard = self.heard.subscribe();
        timeout(GUARD, heard.wait_for(|heard| *heard >= wanted))
            .await
            .expect("patches come")
            .unwrap();
    }

    /// How many patches have arrived.
    pub(crate) fn heard(&self) -> u64 {
        *self.heard.borrow()
    }

    /// Waits until it was asked so often more what is unsettled.
    pub(crate) async fn is_asked(&self, more: u64) {
        let mut asked = self.asked.subscribe();
        let wanted = *asked.borrow() + more;
        timeout(GUARD, asked.wait_for(|asked| *asked >= wanted))
            .await
            .expect("it is asked")
            .unwrap();
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap()
    }

    fn mood(&self) -> Mood {
        *self.mood.borrow()
    }

    async fn takes_patches(&self, patches: &[&JobPatch]) -> Result<(), Response> {
        self.heard.send_modify(|heard| *heard += 1);
        let settles = patches.iter().any(|patch| patch.status.is_some_and(JobStatus::is_settled));
        let is_ready = |mood: &Mood| match mood {
            Mood::Slow => false,
            Mood::SlowToSettle => !settles,
            _ => true,
        };
        let mut mood = self.mood.subscribe();
        let mood = *mood.wait_for(is_ready).await.unwrap();
        if mood == Mood::Away { Err(away()) } else { Ok(()) }
    }

    fn take(&self, id: Uuid, patch: &JobPatch) -> Result<Value, ProblemKind> {
        let answer = match self.model().rows.get_mut(&id) {
            Some(row) => row.take(patch),
            None => Err(ProblemKind::NotFound),
        };
        self.changes.send_modify(|changes| *changes += 1);
        answer
    }
}

impl Row {
    const fn new(key: String, kind: String, node: Option<String>) -> Self {
        Self {
            key,
            kind,
            status: JobStatus::Submitted,
            attempt: 0,
            cut_short: 0,
            sequence: 0,
            node,
            message: String::new(),
            cancel_requested: false,
            report: None,
            demands: Vec::new(),
            traces: Vec::new(),
            past: Vec::new(),
        }
    }

    /// The rules of the real row, and no mercy for a last word that comes too late.
    fn take(&mut self, patch: &JobPatch) -> Result<Value, ProblemKind> {
        let ours =
            self.node.as_deref() == Some(patch.node.as_str()) && self.attempt == patch.attempt;
        let begins = self.status == JobStatus::Submitted
            && patch.attempt == self.attempt + 1
            && patch.status.is_some();
        let goes_on = self.status == JobStatus::Running && ours && patch.sequence > self.sequence;
        let legal = patch.status.is_none_or(|to| self.status.may_become(to));
        if (begins || goes_on) && legal {
            self.apply(patch);
        } else if !((ours || self.node.is_none() && self.attempt == patch.attempt)
            && patch.sequence <= self.sequence)
        {
            let stale = patch.attempt <= self.attempt && !ours;
            return Err(if stale { ProblemKind::StaleAttempt } else { ProblemKind::IllegalMove });
        }
        Ok(json!({"status": self.status, "attempt": self.attempt,
                  "cancel_requested": self.cancel_requested}))
    }

    /// The attempt ended without a word. As if the job was handed over to the node again at once,
    /// and the word of that was lost: the node has to find it itself.
    fn cut_short(&mut self) {
        self.status = JobStatus::Submitted;
        self.cut_short += 1;
        self.past.push(format!("cut short {}", self.attempt));
    }

    fn is_lost(&self, attempt: Attempt, node: &str) -> bool {
        let ours = self.status == JobStatus::Running && self.node.as_deref() == Some(node);
        self.attempt > attempt.attempt || (self.attempt == attempt.attempt && !ours)
    }

    fn apply(&mut self, patch: &JobPatch) {
        (self.attempt, self.sequence) = (patch.attempt, patch.sequence);
        self.cut_short += u32::from(patch.cut_short);
        self.demands.extend(patch.demand.clone());
        self.node = Some(patch.node.to_string());
        if let Some(status) = patch.status {
            self.status = status;
            self.past.push(format!("{status} {}", patch.attempt));
        }
        if self.status == JobStatus::Submitted {
            self.node = None;
        }
        self.past.extend(patch.stage.iter().map(|stage| format!("stage {stage}")));
        self.past
            .extend(patch.progress.iter().map(|progress| format!("progress {}", progress.done)));
        if let Some(message) = &patch.message {
            self.message.clone_from(message);
        }
        self.report = patch.report.as_ref().map(|report| report.get().to_owned());
    }

    fn job(&self, id: Uuid) -> Value {
        let report =
            self.report.as_deref().map(|text| serde_json::from_str::<Value>(text).unwrap());
        json!({"report": report,
               "id": id, "number": 1, "key": self.key, "kind": self.kind, "status": self.status,
               "attempt": self.attempt, "cut_short": self.cut_short, "node": self.node, "cancel_requested": self.cancel_requested,
               "submitted_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"})
    }
}

fn away() -> Response {
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

fn problem(kind: ProblemKind) -> Response {
    let status = StatusCode::from_u16(kind.status()).unwrap();
    (status, Json(Problem::new(kind, ""))).into_response()
}

async fn hear(
    State(web): State<Web>,
    Path(node): Path<String>,
    Json(beat): Json<Heartbeat>,
) -> Response {
    let lease_ms = *web.lease_ms.borrow();
    let Some(lease_ms) = lease_ms.filter(|_| web.mood() != Mood::Away) else {
        return if lease_ms.is_none() { problem(ProblemKind::NotFound) } else { away() };
    };
    let mut model = web.model();
    let anew = model.boots.insert(node.clone(), beat.boot) != Some(beat.boot);
    for (id, row) in &mut model.rows {
        let named = |list: &[Attempt]| {
            list.iter().any(|item| item.id.0 == *id && item.attempt == row.attempt)
        };
        let ours = row.status == JobStatus::Running && row.node.as_ref() == Some(&node);
        if ours && (named(&beat.cut_short) || anew && !named(&beat.attempts)) {
            row.cut_short();
        }
    }
    let named = beat.attempts.iter();
    let of = |attempt: &&Attempt| model.rows.get(&attempt.id.0);
    let lost: Vec<_> = named
        .clone()
        .filter(|named| of(named).is_none_or(|row| row.is_lost(**named, &node)))
        .collect();
    let cancel: Vec<_> =
        named.filter(|named| of(named).is_some_and(|row| row.cancel_requested)).collect();
    let answer = json!({"lease_ms": lease_ms, "lost": lost, "cancel": cancel});
    drop(model);
    web.changes.send_modify(|changes| *changes += 1);
    web.beats.send_modify(|beats| beats.push(beat));
    Json(answer).into_response()
}

async fn announce(State(web): State<Web>, Json(new): Json<Value>) -> Response {
    if web.mood() == Mood::Away {
        return away();
    }
    let text = |field: &str| new[field].as_str().unwrap().to_owned();
    let id: Uuid = text("id").parse().unwrap();
    let mut model = web.model();
    model.instructions.insert(text("key"), new["instruction"].clone());
    let row = model.rows.entry(id).or_insert(Row::new(text("key"), text("kind"), None));
    if row.status == JobStatus::Submitted {
        row.node = Some(text("node"));
    }
    (StatusCode::CREATED, Json(row.job(id))).into_response()
}

async fn patch_one(
    State(web): State<Web>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Json(patch): Json<JobPatch>,
) -> Response {
    if let Err(away) = web.takes_patches(&[&patch]).await {
        return away;
    }
    let trace = headers.get("traceparent").map(|text| text.to_str().unwrap().to_owned());
    web.change(id, |row| row.traces.push(trace));
    if web.mood() == Mood::Narrow && patch.report.is_some() {
        return problem(ProblemKind::TooLarge);
    }
    match web.take(id, &patch) {
        _ if web.mood() == Mood::LosesAnswers => away(),
        Ok(answer) => Json(answer).into_response(),
        Err(kind) => problem(kind),
    }
}

async fn patch_all(State(web): State<Web>, Json(items): Json<Vec<AddressedPatch>>) -> Response {
    let patches: Vec<_> = items.iter().map(|item| &item.patch).collect();
    if let Err(away) = web.takes_patches(&patches).await {
        return away;
    }
    if web.mood() == Mood::Narrow {
        return problem(ProblemKind::TooLarge);
    }
    let answers: Vec<_> = items
        .iter()
        .map(|item| {
            let id = item.id.0;
            let trace = item.traceparent.as_ref().map(|trace| trace.as_str().to_owned());
            web.change(id, |row| row.traces.push(trace));
            match web.take(id, &item.patch) {
                Ok(answer) => json!({"id": id, "taken": answer}),
                Err(kind) => json!({"id": id, "problem": Problem::new(kind, "")}),
            }
        })
        .collect();
    match web.mood() {
        Mood::LosesAnswers => away(),
        _ => Json(answers).into_response(),
    }
}

async fn list(State(web): State<Web>, Query(query): Query<HashMap<String, String>>) -> Response {
    if web.mood() == Mood::Away {
        return away();
    }
    web.asked.send_modify(|asked| *asked += 1);
    let (node, after) = (query.get("node"), query.get("after").map(|id| id.parse().unwrap()));
    let limit: usize = query["limit"].parse().unwrap();
    let model = web.model();
    let mut found = model.rows.iter().filter(|(id, row)| {
        !row.status.is_settled() && row.node.as_ref() == node && Some(**id) > after
    });
    let items: Vec<_> = found.by_ref().take(limit).map(|(id, row)| row.job(*id)).collect();
    let next = found.next().and(items.last()).map(|last| last["id"].clone());
    Json(json!({"items": items, "next": next})).into_response()
}

async fn show(State(web): State<Web>, Path(id): Path<Uuid>) -> Response {
    if web.mood() == Mood::Away {
        return away();
    }
    match web.model().rows.get(&id) {
        Some(row) => Json(row.job(id)).into_response(),
        None => problem(ProblemKind::NotFound),
    }
}

async fn instruction(State(web): State<Web>, Path(key): Path<String>) -> Response {
    let mut model = web.model();
    model.instructions_asked_for += 1;
    match model.instructions.get(&key) {
        Some(body) => Json(json!({"key": key, "kind": "gate", "body": body,
                                  "created_at": "2026-01-01T00:00:00Z"}))
        .into_response(),
        None => problem(ProblemKind::NotFound),
    }
}
