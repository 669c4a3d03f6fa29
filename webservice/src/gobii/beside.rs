//! How calls are answered beside a server that was there before.

use axum::{
    body::Body,
    http::{Method, StatusCode, request::Parts},
    response::Response,
};

use super::{
    backend::Backend,
    crop::Crop,
    error::GobiiError,
    facade::Facade,
    instruction, job,
    login::{self, Caller, Credentials},
    settings,
    upstream::Upstream,
};

/// What of a call is ours.
enum Ours<'a> {
    /// Where clients are sent: to us.
    Settings,
    /// A login, which the other server decides.
    Login,
    /// A load to be created.
    Create,
    /// What became of a load, if it is one of ours.
    Look(&'a str),
    /// Nothing.
    None,
}

impl<'a> Ours<'a> {
    fn of(method: &Method, call: &[&'a str]) -> Self {
        match (method.as_str(), call) {
            ("GET", ["configsettings"]) => Self::Settings,
            ("POST", ["auth"]) => Self::Login,
            ("POST", ["instructions", "loader"]) => Self::Create,
            ("GET", ["instructions", "loader", name] | ["jobs", name])
            | ("GET", ["instructions", "loader", "jobs", name]) => Self::Look(name),
            _ => Self::None,
        }
    }
}

impl<B: Backend> Facade<B> {
    /// Answers what is ours, and has the other server answer the rest.
    pub(super) async fn serve_beside(
        &self,
        upstream: &Upstream,
        crop: &Crop,
        call: &[&str],
        head: &Parts,
        body: &mut Body,
    ) -> Response {
        let stamp = self.stamp(crop);
        let limit = self.config.max_body_bytes;
        let answer = match Ours::of(&head.method, call) {
            Ours::Settings => {
                return settings::get(self, crop, &head.headers).into_response(&stamp);
            }
            Ours::Login => self.log_in_there(upstream, crop, head, body).await,
            Ours::Create => return self.answer(crop, call, head, body).await,
            Ours::Look(name) => match self.has(crop, name).await {
                Ok(true) => return self.answer(crop, call, head, body).await,
                Ok(false) => upstream.pass(head, body, limit).await,
                Err(error) => Err(error),
            },
            Ours::None => upstream.pass(head, body, limit).await,
        };
        answer.unwrap_or_else(|error| error.into_response(&stamp))
    }

    /// The other server says who comes in; its tokens are good here from then on.
    async fn log_in_there(
        &self,
        upstream: &Upstream,
        crop: &Crop,
        head: &Parts,
        body: &mut Body,
    ) -> Result<Response, GobiiError> {
        let answer = upstream.pass(head, body, self.config.max_body_bytes).await?;
        let token = answer.headers().get(login::TOKEN).and_then(|token| token.to_str().ok());
        if let (StatusCode::OK, Some(token)) = (answer.status(), token)
            && let Some(Credentials::Password { user, .. }) = Credentials::of(&head.headers)
        {
            self.backend.keep_token(&crop.id, &user, token).await?;
        }
        Ok(answer)
    }

    /// Whether there is a load of this name here.
    async fn has(&self, crop: &Crop, name: &str) -> Result<bool, GobiiError> {
        let Ok(key) = instruction::key(crop, name) else { return Ok(false) };
        Ok(job::newest(self, &key).await?.is_some())
    }

    /// A caller whom the other server let in before.
    pub(super) async fn known_there(
        &self,
        crop: &Crop,
        head: &Parts,
    ) -> Result<Caller, GobiiError> {
        let Some(Credentials::Token(token)) = Credentials::of(&head.headers) else {
            return Err(GobiiError::Unauthorized);
        };
        let owner = self.backend.owner_of_token(&crop.id, &token).await?;
        let user = owner.ok_or(GobiiError::Unauthorized)?.user;
        Ok(Caller { user, token, origin: login::origin(head) })
    }
}
