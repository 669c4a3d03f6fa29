//! Instructions: accepted once, read for ever.

use axum::{extract::State, http::StatusCode};
use edge::{Json, Path};
use schema::{Accepted, Instruction, Key, NewInstruction, Problem};

use crate::{
    app::App,
    error::{ApiError, Doing as _},
    store::{self, instruction::Acceptance},
};

/// Accepts an instruction, and makes its first job.
///
/// Sending the same under the same key twice is the same as sending it once.
#[utoipa::path(post, path = "/instruction", tag = "instruction", request_body = NewInstruction,
    responses(
        (status = 201, description = "accepted", body = Accepted),
        (status = 200, description = "accepted before", body = Accepted),
        (status = 409, description = "the key belongs to another instruction",
         body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "no digester could execute it",
         body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "the database is away; see Retry-After",
         body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn create_instruction(
    State(app): State<App>,
    Json(new): Json<NewInstruction>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    app.check(&new).await?;
    let accepted = store::instruction::accept(&app.db, &new).await;
    match accepted.doing("accept the instruction")? {
        Acceptance::Created(job) => {
            app.news.submitted(job.id);
            Ok((StatusCode::CREATED, Json(Accepted { key: job.key.clone(), job })))
        }
        Acceptance::Known(job) => {
            Ok((StatusCode::OK, Json(Accepted { key: job.key.clone(), job })))
        }
        Acceptance::Taken(job) => Err(ApiError::KeyTaken { key: job.key }),
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
    Path(key): Path<Key>,
) -> Result<Json<Instruction>, ApiError> {
    let found = store::instruction::find(&app.db, &key).await.doing("look up the instruction")?;
    found.map(Json).ok_or(ApiError::NoSuchInstruction(key))
}
