//! A job's history: as a list, or as it happens.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, header::ACCEPT},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use edge::{Json, Path, Query};
use futures_util::{Stream, StreamExt as _, stream};
use schema::{Job, JobEvent, JobId, Limit, Page, Problem, Role};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    access::Caller,
    app::App,
    error::{ApiError, Doing as _},
    news::Listener,
    store,
    streams::Place,
};

/// How long a stream waits for word of a change before it looks by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Where a history is to be read from.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct From {
    /// Only what happened after this event.
    after: Option<i64>,
    /// How many at most; 500 if nothing is said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<Limit>,
}

/// What happened to a job, oldest first.
///
/// With `Accept: text/event-stream` it goes on as it happens, to the job's end: `event` carries a
/// line of the history, `job` the job whenever it changed. `Last-Event-ID` resumes.
#[utoipa::path(get, path = "/job/{id}/events", tag = "job",
    params(("id" = uuid::Uuid, Path), From),
    responses(
        (status = 200, description = "the history, or the stream", content((Page<JobEvent> = "application/json"),
                               (String = "text/event-stream"))),
        (status = 404, description = "there is no such job", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn list_events(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<JobId>,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    app.let_do_to_job(&caller, &[Role::Read], "read", id).await?;
    let found = store::job::find(&app.db, id).await.doing("look up the job")?;
    found.ok_or(ApiError::NoSuchJob(id))?;
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let after = resumed.or(from.after).unwrap_or(0);
    if wants_stream(&headers) {
        let place = Place::take(&app)?;
        let listener = app.news.listen();
        let follow = Follow { listener, app, id, after, last: None, over: false, _place: place };
        return Ok(Sse::new(follow.stream()).keep_alive(KeepAlive::default()).into_response());
    }
    let limit = from.limit.unwrap_or(Limit::MOST);
    let events = store::event::list(&app.db, id, after, limit.and_one()).await;
    let events = events.doing("list the events")?;
    Ok(Json(Page::of(events, limit, |event| event.id)).into_response())
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/event-stream"))
}

/// A reader who stays until the job has come to its end.
struct Follow {
    app: App,
    id: JobId,
    listener: Listener,
    after: i64,
    last: Option<Job>,
    over: bool,
    _place: Place,
}

impl Follow {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut follow| async move {
            let news = follow.next().await?;
            Some((stream::iter(news.into_iter().map(Ok)), follow))
        })
        .flatten()
    }

    /// What is new, once there is something; `None` when there will be nothing more.
    async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            if self.over || self.app.shutdown.is_cancelled() {
                return None;
            }
            // A failure was logged by who answers requests; a stream just looks again.
            let news = self.look().await.unwrap_or_default();
            if !news.is_empty() {
                return Some(news);
            }
            tokio::select! {
                () = self.listener.changed(self.id) => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = self.app.shutdown.cancelled() => {}
            }
        }
    }

    async fn look(&mut self) -> sqlx::Result<Vec<Event>> {
        // The job first: events that come between the two are told with the job's next change.
        let job = store::job::find(&self.app.db, self.id).await?;
        let events =
            store::event::list(&self.app.db, self.id, self.after, i64::from(Limit::MOST.get()))
                .await?;
        let more = events.len() == Limit::MOST.get() as usize;
        let mut news = Vec::with_capacity(events.len() + 1);
        for event in events {
            self.after = event.id;
            news.extend(message("event", &event).map(|message| message.id(event.id.to_string())));
        }
        // The job after the last event: a settled one ends the stream.
        let changed = job.filter(|job| self.last.as_ref().is_none_or(|last| differs(last, job)));
        if let Some(job) = changed.filter(|_| !more) {
            self.over = job.status.is_settled();
            news.extend(message("job", &job));
            self.last = Some(job);
        }
        Ok(news)
    }
}

fn differs(last: &Job, job: &Job) -> bool {
    last.updated_at != job.updated_at || last.status != job.status
}

fn message(name: &str, body: &impl serde::Serialize) -> Option<Event> {
    Event::default().event(name).json_data(body).ok()
}
