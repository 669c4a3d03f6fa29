//! Sessions, tokens and the audit.

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header::SET_COOKIE},
};
use edge::{Json, Path, Query};
use schema::{ApiToken, AuditEntry, AuditFilter, Grant, Limit, NewToken, Page, Problem, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access::{Caller, Deed, SESSION, SignIn, SignedIn},
    app::App,
    error::{ApiError, Doing as _},
    store,
};

/// A name, and the password that proves it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    user: String,
    #[schema(format = Password)]
    password: String,
}

/// Who the caller is, as the service sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    /// The user's name; absent for somebody who is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// What they may do.
    grants: Vec<Grant>,
}

/// Who the caller is, and what they may do.
#[utoipa::path(get, path = "/session", tag = "access", responses(
    (status = 200, description = "as it stands", body = Session),
    (status = 401, description = "the credentials are not good (any more)",
     body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn get_session(caller: Caller) -> Json<Session> {
    Json(Session { user: caller.name().map(str::to_owned), grants: caller.grants() })
}

type WithCookie<T> = ([(HeaderName, String); 1], T);

/// Logs in: a browser keeps the cookie that comes with the answer, for some hours.
#[utoipa::path(post, path = "/session", tag = "access", request_body = Credentials, responses(
    (status = 200, description = "logged in", body = Session),
    (status = 401, description = "nobody goes by that name and password",
     body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "too many logins failed; see Retry-After",
     body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn open_session(
    State(app): State<App>,
    caller: Caller,
    Json(Credentials { user, password }): Json<Credentials>,
) -> Result<WithCookie<Json<Session>>, ApiError> {
    let (cookie, session) = log_in(&app, &caller, &user, password).await?;
    Ok(([(SET_COOKIE, cookie)], Json(session)))
}

/// Opens a session for whoever knows the password; the cookie is what a browser keeps of it.
pub(crate) async fn log_in(
    app: &App,
    caller: &Caller,
    user: &str,
    password: String,
) -> Result<(String, Session), ApiError> {
    let origin = caller.origin();
    let by = SignIn { user, password, configured: None, origin, to: "session" };
    let grants = match app.access.sign_in(by).await? {
        SignedIn::Known { grants } => grants,
        SignedIn::Unknown => return Err(ApiError::Unknown),
        SignedIn::Wait(wait) => return Err(ApiError::TooManyTries { wait }),
    };
    let secret = app.access.open_session(user, grants.clone()).await?;
    let seconds = u64::from(app.access.login().session_hours) * 3600;
    let session = Session { user: Some(user.to_owned()), grants };
    Ok((cookie(app, &secret.reveal(), seconds), session))
}

/// Logs out.
#[utoipa::path(delete, path = "/session", tag = "access", responses(
    (status = 204, description = "logged out"),
))]
pub(crate) async fn close_session(
    State(app): State<App>,
    caller: Caller,
) -> Result<WithCookie<StatusCode>, ApiError> {
    let cookie = log_out(&app, &caller).await?;
    Ok(([(SET_COOKIE, cookie)], StatusCode::NO_CONTENT))
}

/// Ends the session, if there is one; the cookie takes the place of the one a browser has.
pub(crate) async fn log_out(app: &App, caller: &Caller) -> Result<String, ApiError> {
    if let Some(session) = caller.session() {
        app.access.revoke(session, None).await?;
        app.access.note(Deed::new("logout", "session").by(caller)).await?;
    }
    Ok(cookie(app, "", 0))
}

/// What a browser sends back to this service only, and shows to no script.
fn cookie(app: &App, value: &str, seconds: u64) -> String {
    let secure = if app.access.login().secure_cookies { "; Secure" } else { "" };
    format!("{SESSION}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// The caller's API tokens, newest first; an administrator sees those of everybody.
#[utoipa::path(get, path = "/token", tag = "access", responses(
    (status = 200, description = "those that are good now", body = Vec<ApiToken>),
))]
pub(crate) async fn list_tokens(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Vec<ApiToken>>, ApiError> {
    let owner = owner(&caller)?;
    store::access::tokens(&app.db, owner).await.doing("list the tokens").map(Json)
}

/// Makes an API token of the caller's. Its secret is in this answer, and nowhere else ever again.
#[utoipa::path(post, path = "/token", tag = "access", request_body = NewToken, responses(
    (status = 201, description = "made", body = ApiToken),
    (status = 403, description = "it would allow more than the caller may",
     body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn create_token(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, Json<ApiToken>), ApiError> {
    let token = app.access.issue_token(&caller, &new).await?;
    app.access.note(Deed::new("create token", token.id).by(&caller)).await?;
    Ok((StatusCode::CREATED, Json(token)))
}

/// Ends an API token, at once and for ever.
#[utoipa::path(delete, path = "/token/{id}", tag = "access", params(("id" = Uuid, Path)), responses(
    (status = 204, description = "it is good for nothing any more"),
    (status = 404, description = "the caller has no such token",
     body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn revoke_token(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, ApiError> {
    if !app.access.revoke(id, owner(&caller)?).await? {
        return Err(ApiError::NoSuchToken(id));
    }
    app.access.note(Deed::new("revoke token", id).by(&caller)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose tokens the caller may manage: an administrator's are everybody's.
fn owner(caller: &Caller) -> Result<Option<&str>, ApiError> {
    match caller.may(Role::Admin, None) {
        true => Ok(None),
        false => caller.name().map(Some).ok_or(ApiError::Unknown),
    }
}

/// Who did what, newest first.
#[utoipa::path(get, path = "/audit", tag = "access", params(AuditFilter), responses(
    (status = 200, description = "as it stands", body = Page<AuditEntry>),
    (status = 403, description = "for administrators only",
     body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn list_audit(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<AuditFilter>,
) -> Result<Json<Page<AuditEntry>>, ApiError> {
    caller.demand(Role::Admin, None)?;
    let limit = filter.limit.unwrap_or(Limit::MANY);
    let found = store::audit::list(&app.db, &filter, limit.and_one()).await;
    Ok(Json(Page::of(found.doing("read the audit")?, limit, |entry| entry.id)))
}
