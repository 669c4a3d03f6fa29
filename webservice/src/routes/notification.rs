//! What is told of the ends of jobs: listed, and sent again.

use axum::{extract::State, http::StatusCode};
use edge::{Json, Path, Query};
use schema::{Limit, Notification, NotificationFilter, Page, Problem, Role};

use crate::{
    access::Caller,
    app::App,
    error::{ApiError, Doing as _},
    store,
};

/// Notifications, the newest first: `status=dead` are those that were given up.
#[utoipa::path(get, path = "/notification", tag = "notification", params(NotificationFilter),
    responses(
        (status = 200, description = "as it stands", body = Page<Notification>),
        (status = 403, description = "the caller operates nothing",
         body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn list_notifications(
    State(app): State<App>,
    caller: Caller,
    Query(filter): Query<NotificationFilter>,
) -> Result<Json<Page<Notification>>, ApiError> {
    caller.demand_somewhere(Role::Operate)?;
    let limit = filter.limit.unwrap_or(Limit::SOME);
    let tenants = caller.tenants(Role::Operate);
    let found = store::notification::list(&app.db, &filter, tenants.only(), limit.and_one()).await;
    Ok(Json(Page::of(found.doing("list the notifications")?, limit, |one| one.id)))
}

/// Has a notification tried again that was given up.
#[utoipa::path(post, path = "/notification/{id}/resend", tag = "notification",
    params(("id" = i64, Path)),
    responses(
        (status = 202, description = "it is tried again at once"),
        (status = 404, description = "no such notification was given up",
         body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn resend_notification(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<i64>,
) -> Result<StatusCode, ApiError> {
    caller.demand_somewhere(Role::Operate)?;
    let tenants = caller.tenants(Role::Operate);
    let job = store::notification::dead(&app.db, id, tenants.only()).await;
    let job = job.doing("look up the notification")?.ok_or(ApiError::NoDeadNotification(id))?;
    app.let_do_to_job(&caller, &[Role::Operate], "resend", job).await?;
    let resent = store::notification::resend(&app.db, id).await;
    match resent.doing("send the notification again")? {
        true => Ok(StatusCode::ACCEPTED),
        false => Err(ApiError::NoDeadNotification(id)),
    }
}
