//! The facade as a whole: which call a request is, for which crop, by whom.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method, request::Parts},
    response::{IntoResponse, Response},
};
use edge::Calls;
use tower_http::catch_panic::CatchPanicLayer;

use super::{
    backend::Backend,
    body,
    config::GobiiConfig,
    contact,
    crop::Crop,
    database::{GobiiDatabase, NoDatabase},
    envelope::{Reply, Stamp},
    error::{GobiiError, Message},
    files, instruction, job,
    login::{self, Caller},
    names,
    path::{Query, segments},
    settings,
    upstream::Upstream,
};

/// What every call can reach.
pub(super) struct Facade<B> {
    pub(super) config: GobiiConfig,
    pub(super) crops: Vec<Crop>,
    pub(super) backend: B,
    pub(super) database: Box<dyn GobiiDatabase>,
    upstream: Option<Upstream>,
}

/// GOBii's contract for the crops of the configuration, without a GOBii database.
///
/// Crops are found from the path itself, so this serves as another router's fallback.
pub fn router<B: Backend>(config: GobiiConfig, backend: B) -> Router {
    router_with(config, backend, NoDatabase, &Calls::default())
}

/// Like [`router`], with a GOBii database to check instructions against, and calling the server that
/// was there before so.
pub fn router_with<B: Backend>(
    mut config: GobiiConfig,
    backend: B,
    database: impl GobiiDatabase,
    calls: &Calls,
) -> Router {
    let crops = std::mem::take(&mut config.crops);
    let version = config.version.clone();
    let upstream = config.upstream.take().map(|url| Upstream::new(url, calls));
    let facade = Facade {
        config,
        crops: crops.into_iter().map(|(id, crop)| Crop::new(id, crop)).collect(),
        backend,
        database: Box::new(database),
        upstream,
    };
    Router::new()
        .fallback(answer::<B>)
        .layer(CatchPanicLayer::custom(move |_| panicked(&version)))
        .with_state(Arc::new(facade))
}

/// The panic itself was logged where panics are.
fn panicked(version: &str) -> Response {
    tracing::error!("a call of the GOBii contract panicked");
    GobiiError::Internal.into_response(&Stamp { version, ..Stamp::default() })
}

async fn answer<B: Backend>(State(facade): State<Arc<Facade<B>>>, request: Request) -> Response {
    let (head, mut body) = request.into_parts();
    let response = facade.route(&head, &mut body).await;
    body::discard(body).await;
    response
}

impl<B: Backend> Facade<B> {
    /// Finds the crop; what does not even look like a GOBii call is no concern of ours.
    async fn route(&self, head: &Parts, body: &mut Body) -> Response {
        let segments = segments(head.uri.path());
        for crop in &self.crops {
            let Some(rest) = crop.context.rest_of(&segments) else { continue };
            let rest: Vec<_> = rest.iter().map(String::as_str).collect();
            if let ["gobii", "v1", call @ ..] = rest.as_slice() {
                return match &self.upstream {
                    Some(upstream) => self.serve_beside(upstream, crop, call, head, body).await,
                    None => self.serve(crop, call, head, body).await,
                };
            }
        }
        if let Some(upstream) = &self.upstream {
            let stamp = Stamp { version: &self.config.version, ..Stamp::default() };
            let answer = upstream.pass(head, body, self.config.max_body_bytes).await;
            return answer.unwrap_or_else(|error| error.into_response(&stamp));
        }
        match segments.windows(2).any(|pair| pair == ["gobii", "v1"]) {
            true => self.no_crop(),
            false => edge::not_found(head.uri.clone()).await.into_response(),
        }
    }

    fn no_crop(&self) -> Response {
        let known: Vec<_> = self.crops.iter().map(|crop| crop.context.to_string()).collect();
        let text = format!("There is no crop at this address; there are {}", known.join(", "));
        let stamp = Stamp { version: &self.config.version, ..Stamp::default() };
        GobiiError::from(Message::error(text)).into_response(&stamp)
    }

    /// Everything but the server's address is for those who may come.
    async fn serve(&self, crop: &Crop, call: &[&str], head: &Parts, body: &mut Body) -> Response {
        if (&head.method, call) == (&Method::GET, &["configsettings"]) {
            return settings::get(self, crop, &head.headers).into_response(&self.stamp(crop));
        }
        self.answer(crop, call, head, body).await
    }

    /// Answers a call of somebody who is known.
    pub(super) async fn answer(
        &self,
        crop: &Crop,
        call: &[&str],
        head: &Parts,
        body: &mut Body,
    ) -> Response {
        let stamp = self.stamp(crop);
        let caller = match self.upstream {
            Some(_) => self.known_there(crop, head).await,
            None => login::authenticate(&self.backend, crop, head).await,
        };
        let caller = match caller {
            Ok(caller) => caller,
            Err(error) => return error.into_response(&stamp),
        };
        let stamp = Stamp { token: Some(&caller.token), ..stamp };
        let mut response = match call {
            ["auth"] if head.method == Method::POST => login::welcome(&caller, &stamp),
            _ => match self.carry_out(crop, call, &caller, head, body).await {
                Ok(reply) => reply.into_response(&stamp),
                Err(error) => error.into_response(&stamp),
            },
        };
        sign(&mut response, crop, &caller);
        response
    }

    pub(super) fn stamp<'a>(&'a self, crop: &'a Crop) -> Stamp<'a> {
        Stamp { version: &self.config.version, crop: Some(crop.id.as_str()), token: None }
    }

    async fn carry_out(
        &self,
        crop: &Crop,
        call: &[&str],
        caller: &Caller,
        head: &Parts,
        body: &mut Body,
    ) -> Result<Reply, GobiiError> {
        let query = Query::parse(head.uri.query());
        match (head.method.as_str(), call) {
            ("GET", ["contact-search"]) => contact::search(crop, &query),
            ("GET", ["names", entity]) => Ok(names::list(self, crop, entity, &query)),
            ("PUT", ["files", "loader", folder]) => files::make(crop, folder).await,
            ("GET", ["files", "loader", folder @ ..]) => {
                files::preview(crop, folder, &query, self.config.preview).await
            }
            ("POST", ["instructions", "loader"]) => {
                instruction::create(self, crop, caller, &head.headers, body).await
            }
            ("GET", ["instructions", "loader", name]) => {
                self.note_read(crop, caller, name).await?;
                instruction::get(self, crop, name).await
            }
            ("GET", ["instructions", "loader", "jobs", name]) => {
                self.note_read(crop, caller, name).await?;
                job::get(self, crop, name, "instructions/loader/jobs").await
            }
            ("GET", ["jobs", name]) => {
                self.note_read(crop, caller, name).await?;
                job::get(self, crop, name, "jobs").await
            }
            (method, call) => Err(GobiiError::NotOffered(format!("{method} {}", call.join("/")))),
        }
    }
}

impl<B: Backend> Facade<B> {
    async fn note_read(&self, crop: &Crop, caller: &Caller, name: &str) -> Result<(), GobiiError> {
        // What cannot be a name is not there to be read.
        let Ok(key) = instruction::key(crop, name) else { return Ok(()) };
        Ok(self.backend.note_read(&crop.id, &key, caller.by()).await?)
    }
}

/// Says on the answer whose request it was.
fn sign(response: &mut Response, crop: &Crop, caller: &Caller) {
    let headers = response.headers_mut();
    if let Ok(token) = HeaderValue::from_str(&caller.token) {
        headers.insert(login::TOKEN, token);
    }
    if let Ok(id) = HeaderValue::from_str(crop.id.as_str()) {
        headers.insert(login::CROP, id);
    }
}
