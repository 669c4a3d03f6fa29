//! Files that jobs wrote, sent through from their nodes.

use axum::{
    body::Body,
    extract::State,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response},
};
use edge::{Answer, Path};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use schema::{JobId, Problem, ProblemKind, Role};

use crate::{
    access::Caller,
    app::App,
    error::{ApiError, Doing as _},
    forward, store,
};

/// What is told of the file as its node tells it.
const PASSED_ON: [HeaderName; 2] = [CONTENT_LENGTH, CONTENT_TYPE];

/// A file that a job wrote, as its report names it, where `downloads` is switched on.
#[utoipa::path(get, path = "/job/{id}/files/{name}", tag = "job",
    params(("id" = uuid::Uuid, Path), ("name" = String, Path, description = "without its folder")),
    responses(
        (status = 200, description = "its bytes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 403, description = "downloads are not switched on",
         body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "there is no such job or file, or the file is gone",
         body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "the file is not as long as the report says",
         body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "the node that has it does not answer; see Retry-After",
         body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn get_file(
    State(app): State<App>,
    caller: Caller,
    Path((id, name)): Path<(JobId, String)>,
) -> Result<Response, ApiError> {
    if !app.config.downloads {
        return Err(ApiError::NoDownloads);
    }
    app.let_do_to_job(&caller, &[Role::Read], "download", id).await?;
    let job = store::job::find(&app.db, id).await.doing("look up the job")?;
    let job = job.ok_or(ApiError::NoSuchJob(id))?;
    let sent = forward::download(&app, &job, &name).await.ok_or(ApiError::NodeAway)?;
    Ok(pass_on(sent, &name).await)
}

async fn pass_on(sent: reqwest::Response, name: &str) -> Response {
    if sent.status() != StatusCode::OK {
        return refusal(sent).await.into_response();
    }
    let headers = sent.headers().clone();
    // Not through a decoder: what is passed on are the bytes of the file.
    let sent = axum::http::Response::<reqwest::Body>::from(sent);
    let mut response = Body::new(sent.into_body()).into_response();
    for (header, value) in PASSED_ON.iter().filter_map(|name| Some((name, headers.get(name)?))) {
        response.headers_mut().insert(header, value.clone());
    }
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let attached = HeaderValue::try_from(format!("attachment; filename*=UTF-8''{name}"));
    let attached = attached.unwrap_or(HeaderValue::from_static("attachment"));
    response.headers_mut().insert(CONTENT_DISPOSITION, attached);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Why the node does not send it: its own problem where that is for the caller, too.
async fn refusal(sent: reqwest::Response) -> Answer {
    let status = sent.status();
    let told = sent.json::<Problem>().await.ok();
    let is_for_all = |problem: &Problem| {
        use ProblemKind::{Conflict, NotFound, Unavailable};
        matches!(ProblemKind::of(problem), Some(Conflict | NotFound | Unavailable))
    };
    match told.filter(is_for_all) {
        Some(problem) => problem.into(),
        None => {
            tracing::warn!("a node answers {status} to the wish for a file");
            Answer::new(ProblemKind::Unavailable, ApiError::NodeAway.to_string())
        }
    }
}
