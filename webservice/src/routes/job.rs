//! Jobs: listed, looked at, ended, done over; and what digester services say of them.

use std::slice;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use edge::{Answer, Json, OneOrMany, Path, Query, Step};
use schema::{
    AddressedPatch, ItemAnswer, Job, JobFilter, JobId, JobPatch, JobStatus, Limit, NewJob, Page,
    PatchAnswer, Problem, Role, Tenants,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    access::Caller,
    app::App,
    error::{ApiError, Doing as _},
    peers::Service,
    store::{self, Advanced, Speaker, instruction::Acceptance},
};

use super::refuse_too_many;

/// How many bytes of instructions go into one page, as they are stored.
const MAX_INSTRUCTION_BYTES: i64 = 8 << 20;

/// Jobs, newest first; what is still to do (`settled=false`, or such a status), oldest first.
#[utoipa::path(get, path = "/job", tag = "job", params(JobFilter), responses(
    (status = 200, description = "as it stands", body = Page<Job>),
    (status = 400, description = "the query cannot be read", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn list_jobs(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<JobFilter>,
) -> Result<Json<Page<Job>>, ApiError> {
    let tenants = match caller.node() {
        Some(node) if filter.node.as_ref() != Some(node) => {
            return Err(ApiError::OnlyItsOwn(node.clone()));
        }
        Some(_) => Tenants::All,
        None => {
            caller.demand_somewhere(Role::Read)?;
            caller.tenants(Role::Read)
        }
    };
    let tenants = tenants.only();
    let limit = filter.limit.unwrap_or(Limit::SOME);
    let fetch = limit.and_one();
    let unsettled = filter.status.is_some_and(|status| !status.is_settled());
    let found = match filter.settled {
        Some(false) => store::job::list_unsettled(&app.db, &filter, tenants, fetch).await,
        None if unsettled => store::job::list_unsettled(&app.db, &filter, tenants, fetch).await,
        _ => store::job::list(&app.db, &filter, tenants, fetch).await,
    };
    let mut page = Page::of(found.doing("list the jobs")?, limit, |job| job.id);
    if filter.instructions {
        bring_instructions(&app, &mut page.items).await?;
    }
    Ok(Json(page))
}

/// Adds their instructions to the jobs; when there is no more room, the rest goes without.
async fn bring_instructions(app: &App, jobs: &mut [Job]) -> Result<(), ApiError> {
    let keys: Vec<_> = jobs.iter().map(|job| &job.key).collect();
    let brought = store::instruction::bring(&app.batches, &keys, MAX_INSTRUCTION_BYTES).await;
    let brought = brought.doing("look up the instructions")?;
    for job in jobs {
        let Some(brought) = brought.get(job.key.as_str()) else { continue };
        job.instruction = Some(brought.body.clone());
        job.traceparent.clone_from(&brought.traceparent);
    }
    Ok(())
}

/// One job: with its report once it is settled, with the reasons for its waiting while it waits.
#[utoipa::path(get, path = "/job/{id}", tag = "job", params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "as it stands", body = Job),
    (status = 404, description = "there is no such job", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn get_job(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<Job>, ApiError> {
    look_up(&app, &caller, id).await.map(Json)
}

/// The job with all that is known of it, for a caller who may read it.
pub(crate) async fn look_up(app: &App, caller: &Caller, id: JobId) -> Result<Job, ApiError> {
    app.let_do_to_job(caller, &[Role::Read], "read", id).await?;
    whole(app, id).await
}

/// The job with all that is known of it.
pub(crate) async fn whole(app: &App, id: JobId) -> Result<Job, ApiError> {
    let found = store::job::find_whole(&app.db, id).await.doing("look up the job")?;
    let mut job = found.ok_or(ApiError::NoSuchJob(id))?;
    if job.status == JobStatus::Submitted && job.node.is_some() {
        job.held = crate::forward::held(app, &job).await.map(Box::new);
    }
    Ok(job)
}

/// Ends a job: at once if it waits, as soon as its digester notices if it runs.
///
/// A job that is settled already stays as it is.
#[utoipa::path(post, path = "/job/{id}/cancel", tag = "job", params(("id" = uuid::Uuid, Path)),
    responses(
        (status = 200, description = "as it stands", body = Job),
        (status = 404, description = "there is no such job", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn cancel_job(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<Job>, ApiError> {
    cancel(&app, &caller, id).await.map(Json)
}

/// Ends a job that is not settled yet; returns it as it is then.
pub(crate) async fn cancel(app: &App, caller: &Caller, id: JobId) -> Result<Job, ApiError> {
    app.let_do_to_job(caller, &[Role::Submit, Role::Operate], "cancel", id).await?;
    if let Some(job) = store::job::cancel(&app.db, id).await.doing("cancel the job")? {
        app.news.changed(id);
        app.metrics.moved(job.status);
        crate::forward::cancel(app, &job);
        return Ok(job);
    }
    whole(app, id).await
}

/// Makes a new job from the same instruction.
#[utoipa::path(post, path = "/job/{id}/rerun", tag = "job", params(("id" = uuid::Uuid, Path)),
    responses(
        (status = 201, description = "the new job", body = Job),
        (status = 404, description = "there is no such job", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "the job is not settled",
         body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn rerun_job(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<(StatusCode, Json<Job>), ApiError> {
    rerun(&app, &caller, id).await.map(|job| (StatusCode::CREATED, Json(job)))
}

/// Makes a new job from the instruction of a settled one.
pub(crate) async fn rerun(app: &App, caller: &Caller, id: JobId) -> Result<Job, ApiError> {
    app.let_do_to_job(caller, &[Role::Submit], "rerun", id).await?;
    if let Some(job) = store::job::rerun(&app.db, id).await.doing("make the new job")? {
        app.news.submitted(job.id);
        return Ok(job);
    }
    match store::job::find(&app.db, id).await.doing("look up the job")? {
        Some(job) => Err(ApiError::Unsettled { id, status: job.status }),
        None => Err(ApiError::NoSuchJob(id)),
    }
}

/// A job, or an array of jobs; by this name it can be described.
type Jobs = OneOrMany<NewJob>;

/// What became of what was announced.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Announced {
    One(Box<Job>),
    /// Of an array, one for each.
    Each(Vec<ItemAnswer>),
}

/// Takes note of a job that a digester service holds, and creates it if it was given to the
/// service directly. Of an array of jobs every one is answered for itself, in their order.
#[utoipa::path(post, path = "/job", tag = "callback",
    request_body(content = inline(Jobs), description = "a job, or an array of jobs"),
    responses(
        (status = 201, description = "created", body = Job),
        (status = 200, description = "known; of an array, one `ItemAnswer` each", body = inline(Announced)),
        (status = 401, description = "who calls is not known",
         body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "said in the name of another node",
         body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "known and different",
         body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "not known, and without its instruction",
         body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn announce_job(
    State(app): State<App>,
    service: Service,
    Json(announced): Json<Jobs>,
) -> Result<(StatusCode, Json<Announced>), ApiError> {
    match announced {
        OneOrMany::One(new) => {
            let (status, job) = announce(&app, &service, &new).await?;
            Ok((status, Json(Announced::One(Box::new(job)))))
        }
        OneOrMany::Many(jobs) => {
            refuse_too_many(jobs.len(), "jobs")?;
            let mut answers = Vec::with_capacity(jobs.len());
            for new in &jobs {
                let announced = announce(&app, &service, new).await;
                answers.push(item_answer(new.id, announced.map(|(_, job)| standing(&job))));
            }
            Ok((StatusCode::OK, Json(Announced::Each(answers))))
        }
    }
}

async fn announce(
    app: &App,
    service: &Service,
    new: &NewJob,
) -> Result<(StatusCode, Job), ApiError> {
    if let Some(node) = &new.node {
        app.let_speak_for(service, node)?;
    }
    if let Service::Node(name) = service {
        // What such a node has, it was handed: it brings in nothing of its own.
        app.demand_with(name, new.id).await?;
    }
    let announced = store::instruction::announce(&app.db, new).await;
    match announced.doing("take note of the job")? {
        Some(Acceptance::Created(job)) => {
            app.news.changed(job.id);
            Ok((StatusCode::CREATED, job))
        }
        Some(Acceptance::Known(job)) => Ok((StatusCode::OK, job)),
        Some(Acceptance::Taken(_)) => Err(ApiError::JobDiffers { id: new.id }),
        None => Err(ApiError::InstructionMissing { id: new.id }),
    }
}

fn standing(job: &Job) -> PatchAnswer {
    let Job { status, attempt, cancel_requested, .. } = *job;
    PatchAnswer { status, attempt, cancel_requested }
}

/// Records what a digester service says of a job.
///
/// Sending the same patch twice is the same as sending it once.
#[utoipa::path(patch, path = "/job/{id}", tag = "callback", params(("id" = uuid::Uuid, Path)),
    request_body = JobPatch,
    responses(
        (status = 200, description = "taken, now or before", body = PatchAnswer),
        (status = 401, description = "who calls is not known",
         body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "said in the name of another node, or of a job that the node was not handed",
         body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "there is no such job", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "a stale attempt or an illegal move; `job` is how it stands",
         body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn update_job(
    State(app): State<App>,
    service: Service,
    Path(id): Path<JobId>,
    Json(patch): Json<JobPatch>,
) -> Result<Json<PatchAnswer>, Response> {
    let patch = AddressedPatch { id, patch, traceparent: None };
    let advanced = advance(&app, &service, slice::from_ref(&patch)).await;
    let advanced = advanced.map_err(IntoResponse::into_response)?;
    Step::Patched.pass();
    let answer = advanced.into_iter().next().unwrap_or(Advanced::Unknown);
    let refused = match told(&app, &patch, answer) {
        Ok(answer) => return Ok(Json(answer)),
        Err(refused @ (ApiError::NoSuchJob(_) | ApiError::NotHanded(_))) => {
            return Err(refused.into_response());
        }
        Err(refused) => refused,
    };
    let job = store::job::find(&app.db, id).await;
    let job = job.doing("look up the job").map_err(IntoResponse::into_response)?;
    Err(Answer::from(refused.problem_with(job)).into_response())
}

/// Records what a digester service says of many jobs; one answer each, in their order.
#[utoipa::path(patch, path = "/job", tag = "callback", request_body = Vec<AddressedPatch>,
    responses(
        (status = 200, description = "as it stands", body = Vec<ItemAnswer>),
        (status = 401, description = "who calls is not known",
         body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "said in the name of another node",
         body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "too many at once",
         body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn update_jobs(
    State(app): State<App>,
    service: Service,
    Json(patches): Json<Vec<AddressedPatch>>,
) -> Result<Json<Vec<ItemAnswer>>, ApiError> {
    refuse_too_many(patches.len(), "patches")?;
    let advanced = advance(&app, &service, &patches).await?;
    Step::Patched.pass();
    let answers = patches.iter().zip(advanced);
    let answers = answers.map(|(patch, answer)| item_answer(patch.id, told(&app, patch, answer)));
    Ok(Json(answers.collect()))
}

/// Has the rows take what a service says in its own name.
async fn advance(
    app: &App,
    service: &Service,
    patches: &[AddressedPatch],
) -> Result<Vec<Advanced>, ApiError> {
    for item in patches {
        app.let_speak_for(service, &item.patch.node)?;
    }
    let speaker = match service {
        Service::Any => Speaker::Any,
        Service::Node(name) => {
            let jobs = patches.iter().map(|item| item.id);
            Speaker::Node { name, promised: app.forwarder.promised.among(name, jobs) }
        }
    };
    store::advance(&app.batches, patches, &speaker).await.doing("update the jobs")
}

/// Spreads the word of what was taken, and says what was not.
fn told(app: &App, item: &AddressedPatch, advanced: Advanced) -> Result<PatchAnswer, ApiError> {
    match advanced {
        Advanced::Taken(answer) => {
            app.news.patched(item.id, &answer);
            if item.patch.status.is_some() {
                app.metrics.patched(item.id, &answer);
            }
            Ok(answer)
        }
        Advanced::Along(answer) | Advanced::Repeated(answer) => Ok(answer),
        Advanced::Unknown => Err(ApiError::NoSuchJob(item.id)),
        Advanced::NotHanded => Err(ApiError::NotHanded(item.id)),
        Advanced::Stale { attempt } => {
            Err(ApiError::StaleAttempt { said: item.patch.attempt, holds: attempt })
        }
        Advanced::Illegal { from } => Err(ApiError::IllegalMove { from, to: item.patch.status }),
    }
}

fn item_answer(id: JobId, answer: Result<PatchAnswer, ApiError>) -> ItemAnswer {
    match answer {
        Ok(taken) => ItemAnswer { id, taken: Some(taken), problem: None },
        Err(error) => ItemAnswer { id, taken: None, problem: Some(error.problem()) },
    }
}
