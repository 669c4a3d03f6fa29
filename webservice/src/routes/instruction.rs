//! Instructions: accepted once, read for ever.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use edge::{Json, OneOrMany, Path, Query};
use futures_util::future::join_all;
use schema::{
    Accepted, AcceptedItem, Instruction, Job, Key, NewInstruction, NodeId, Preview, Problem, Role,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    access::{Caller, Deed},
    app::App,
    error::{ApiError, Doing as _},
    store::{self, instruction::Acceptance},
};

use super::refuse_too_many;

/// How seriously an instruction is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Meant {
    /// Only check the instruction, and show what would become of it: nothing is created.
    #[serde(default)]
    dry_run: bool,
}

/// An instruction, or an array of them; by this name it can be described.
type Instructions = OneOrMany<NewInstruction>;

/// What became of what was sent.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Sent {
    One(Box<Accepted>),
    /// Of an array, one for each.
    Each(Vec<AcceptedItem>),
    /// Of a dry run.
    Seen(Box<Preview>),
}

/// Accepts an instruction, and makes its first job. Of an array of instructions every one is
/// answered for itself, in their order.
///
/// Sending the same under the same key twice is the same as sending it once.
///
/// In a dry run the instruction is checked in the same way, a digester service looks at it and at the
/// beginnings of its files, and the answer is a `Preview`, be it good or bad.
#[utoipa::path(post, path = "/instruction", tag = "instruction", params(Meant),
    request_body(content = inline(Instructions), description = "an instruction, or an array of them"),
    responses(
        (status = 201, description = "accepted", body = Accepted),
        (status = 200, description = "accepted before; of an array, one `AcceptedItem` each; of a \
                                      dry run, a `Preview`", body = inline(Sent)),
        (status = 409, description = "the key belongs to another instruction",
         body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "no digester could execute it",
         body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "the database is away, or nobody can tell what a dry run \
                                      asks; see Retry-After",
         body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn create_instruction(
    State(app): State<App>,
    caller: Caller,
    Query(meant): Query<Meant>,
    headers: HeaderMap,
    Json(new): Json<Instructions>,
) -> Result<(StatusCode, Json<Sent>), ApiError> {
    let trace = edge::traceparent(&headers);
    let traced = |new: NewInstruction| {
        let traceparent = new.traceparent.or_else(|| trace.clone());
        NewInstruction { traceparent, ..new }
    };
    match new {
        OneOrMany::One(new) if meant.dry_run => {
            // It shows what stands in files.
            app.let_do(&caller, &[Role::Submit], || deed("preview", &new)).await?;
            let preview = app.preview(new).await?;
            Ok((StatusCode::OK, Json(Sent::Seen(Box::new(preview)))))
        }
        OneOrMany::Many(_) if meant.dry_run => {
            Err(ApiError::Invalid("a dry run takes one instruction at a time".to_owned()))
        }
        OneOrMany::One(new) => {
            let (status, accepted) = create(&app, &caller, traced(new)).await?;
            Ok((status, Json(Sent::One(Box::new(accepted)))))
        }
        OneOrMany::Many(news) => {
            let items = create_all(&app, &caller, news.into_iter().map(traced).collect()).await?;
            Ok((StatusCode::OK, Json(Sent::Each(items))))
        }
    }
}

type Created = (StatusCode, Accepted);

async fn create(app: &App, caller: &Caller, new: NewInstruction) -> Result<Created, ApiError> {
    let (status, job) = accept(app, caller, new).await?;
    Ok((status, Accepted { key: job.key.clone(), job }))
}

/// Accepts an instruction from a caller who may submit it, and makes its first job.
pub(crate) async fn accept(
    app: &App,
    caller: &Caller,
    mut new: NewInstruction,
) -> Result<(StatusCode, Job), ApiError> {
    app.let_do(caller, &[Role::Submit], || deed("create", &new)).await?;
    if let Some(name) = caller.speaks_as(new.tenant.as_deref()) {
        new.submitted_by = Some(name.to_owned());
    }
    app.check(&new).await?;
    match app.accept_instruction(new).await? {
        Acceptance::Created(job) => Ok((StatusCode::CREATED, job)),
        Acceptance::Known(job) => Ok((StatusCode::OK, job)),
        Acceptance::Taken(job) => Err(ApiError::KeyTaken { key: job.key }),
    }
}

fn deed(action: &'static str, new: &NewInstruction) -> Deed {
    let key = new.key.as_ref().map_or("instruction", Key::as_str);
    Deed::new(action, key).of(new.tenant.as_deref())
}

/// Many at once; an answer for each, unless none can be accepted for now.
async fn create_all(
    app: &App,
    caller: &Caller,
    news: Vec<NewInstruction>,
) -> Result<Vec<AcceptedItem>, ApiError> {
    refuse_too_many(news.len(), "instructions")?;
    let mut created = join_all(news.into_iter().map(|new| create(app, caller, new))).await;
    let all_fail = created.iter().all(|one| one.as_ref().is_err_and(ApiError::is_passing));
    match created.pop() {
        Some(Err(error)) if all_fail => Err(error),
        last => Ok(created.into_iter().chain(last).map(item).collect()),
    }
}

fn item(created: Result<Created, ApiError>) -> AcceptedItem {
    match created {
        Ok((status, accepted)) => {
            AcceptedItem { status: status.as_u16(), accepted: Some(accepted), problem: None }
        }
        Err(error) => {
            let problem = error.problem();
            AcceptedItem { status: problem.status, accepted: None, problem: Some(problem) }
        }
    }
}

/// An instruction, as it was sent.
#[utoipa::path(get, path = "/instruction/{key}", tag = "instruction",
    params(("key" = String, Path)),
    responses(
        (status = 200, description = "as it stands", body = Instruction),
        (status = 404, description = "there is no such instruction", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn get_instruction(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<Key>,
) -> Result<Json<Instruction>, ApiError> {
    look_up(&app, &caller, key).await.map(Json)
}

/// An instruction, for a caller who may read it.
pub(crate) async fn look_up(app: &App, caller: &Caller, key: Key) -> Result<Instruction, ApiError> {
    if let Some(node) = caller.node() {
        return look_up_for(app, node, key).await;
    }
    caller.demand_somewhere(Role::Read)?;
    let found = store::instruction::find(&app.db, &key).await.doing("look up the instruction")?;
    let seen = found.filter(|found| caller.may(Role::Read, found.tenant.as_deref()));
    let Some(instruction) = seen else { return Err(ApiError::NoSuchInstruction(key)) };
    let deed = || Deed::new("read", &key).of(instruction.tenant.as_deref());
    app.let_do(caller, &[Role::Read], deed).await?;
    Ok(instruction)
}

/// An instruction, for a node that has a job of it.
async fn look_up_for(app: &App, node: &NodeId, key: Key) -> Result<Instruction, ApiError> {
    let promised = app.forwarder.promised.to(node);
    let is_theirs = store::instruction::is_with(&app.db, &key, node, &promised).await;
    if !is_theirs.doing("look up the node's jobs")? {
        return Err(ApiError::NoSuchInstruction(key));
    }
    let found = store::instruction::find(&app.db, &key).await.doing("look up the instruction")?;
    found.ok_or(ApiError::NoSuchInstruction(key))
}
