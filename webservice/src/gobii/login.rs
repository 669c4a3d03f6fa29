//! Who calls: by password or by token, on any path.

use std::net::IpAddr;

use axum::{
    Json,
    http::{
        HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION, header::CONTENT_TYPE,
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use schema::gobii::decode;

use crate::access::Origin;

use super::{
    backend::{Backend, By, LoggedIn, Login, Owner},
    crop::Crop,
    envelope::{Auth, JSON, Stamp},
    error::GobiiError,
};

pub(super) const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
pub(super) const CROP: HeaderName = HeaderName::from_static("gobii-crop-type");
pub(super) const USER: HeaderName = HeaderName::from_static("x-username");
pub(super) const PASSWORD: HeaderName = HeaderName::from_static("x-password");

/// Who was found to call.
pub(super) struct Caller {
    pub(super) user: String,
    pub(super) token: String,
    pub(super) origin: Option<IpAddr>,
}

impl Caller {
    pub(super) fn by(&self) -> By<'_> {
        By { user: &self.user, origin: self.origin }
    }
}

/// What a request shows of its caller.
pub(super) enum Credentials {
    Password { user: String, password: String },
    Token(String),
}

impl Credentials {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        if let (Some(user), Some(password)) = (text(headers, &USER), text(headers, &PASSWORD)) {
            return Some(Self::Password { user, password });
        }
        let authorization = text(headers, &AUTHORIZATION).unwrap_or_default();
        let (scheme, value) = authorization.split_once(' ').unwrap_or_default();
        if scheme.eq_ignore_ascii_case("basic") {
            return Self::basic(value.trim());
        }
        let token = text(headers, &TOKEN).filter(|token| !token.is_empty());
        let bearer = || scheme.eq_ignore_ascii_case("bearer").then(|| value.trim().to_owned());
        token.or_else(bearer).map(Self::Token)
    }

    fn basic(encoded: &str) -> Option<Self> {
        let bytes = STANDARD.decode(encoded).ok()?;
        let text = decode(&bytes);
        let (user, password) = text.split_once(':')?;
        Some(Self::Password { user: user.to_owned(), password: password.to_owned() })
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| decode(value.as_bytes()).trim().to_owned())
}

/// Finds out who calls; whoever showed a password gets a new token.
pub(super) async fn authenticate<B: Backend>(
    backend: &B,
    crop: &Crop,
    head: &Parts,
) -> Result<Caller, GobiiError> {
    let origin = origin(head);
    match Credentials::of(&head.headers).ok_or(GobiiError::Unauthorized)? {
        Credentials::Password { user, password } => {
            let configured = crop.users.get(&user).cloned();
            let login = Login { crop: &crop.id, user: &user, password, configured, origin };
            match backend.sign_in(login).await? {
                LoggedIn::Yes => {}
                LoggedIn::No => return Err(GobiiError::Unauthorized),
                LoggedIn::Wait(wait) => return Err(GobiiError::TooManyTries { wait }),
            }
            require_contact(crop, &user)?;
            let token = backend.issue_token(&crop.id, &user).await?;
            Ok(Caller { user, token, origin })
        }
        Credentials::Token(token) => {
            let owner = backend.owner_of_token(&crop.id, &token).await?;
            // Who may not come any more does not stay, either.
            let may_come = |it: &Owner| it.submits || crop.users.contains_key(&it.user);
            let owner = owner.filter(may_come).ok_or(GobiiError::Unauthorized)?;
            Ok(Caller { user: owner.user, token, origin })
        }
    }
}

/// Where a request came from.
pub(super) fn origin(head: &Parts) -> Option<IpAddr> {
    head.extensions.get::<Origin>().and_then(|origin| origin.0)
}

/// A user without a contact record may not come in: nobody would know whose loads these are.
fn require_contact(crop: &Crop, user: &str) -> Result<(), GobiiError> {
    match crop.contact_of(user) {
        Some(_) => Ok(()),
        None => Err(GobiiError::NoContact { user: user.to_owned(), crop: crop.id.clone() }),
    }
}

/// `POST auth`: the token in the header that desktop clients read, and in the body that pages do.
pub(super) fn welcome(caller: &Caller, stamp: &Stamp<'_>) -> Response {
    let mut response = Json(Auth::of(Some(&caller.user), stamp)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    if let Ok(user) = HeaderValue::from_str(&caller.user) {
        response.headers_mut().insert(USER, user);
    }
    response
}
