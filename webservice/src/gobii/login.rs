//! Who calls: by password or by token, on any path.

use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use schema::gobii::decode;

use super::{
    crop::Crop,
    envelope::{Auth, JSON, Stamp},
    error::GobiiError,
    password::Verifier,
    token::Tokens,
};

pub(super) const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
pub(super) const CROP: HeaderName = HeaderName::from_static("gobii-crop-type");
const USER: HeaderName = HeaderName::from_static("x-username");
const PASSWORD: HeaderName = HeaderName::from_static("x-password");

/// Who was found to call.
pub(super) struct Caller {
    pub(super) user: String,
    pub(super) token: String,
}

/// What a request shows of its caller.
enum Credentials {
    Password { user: String, password: String },
    Token(String),
}

impl Credentials {
    fn of(headers: &HeaderMap) -> Option<Self> {
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
pub(super) async fn authenticate(
    crop: &Crop,
    headers: &HeaderMap,
    verifier: &Verifier,
    tokens: &Tokens,
) -> Result<Caller, GobiiError> {
    match Credentials::of(headers).ok_or(GobiiError::Unauthorized)? {
        Credentials::Password { user, password } => {
            let hash = crop.users.get(&user).cloned();
            if !verifier.verify(hash, password).await {
                return Err(GobiiError::Unauthorized);
            }
            require_contact(crop, &user)?;
            let token = tokens.issue(&crop.id, &user);
            Ok(Caller { user, token })
        }
        Credentials::Token(token) => {
            let user = tokens.user(&crop.id, &token).ok_or(GobiiError::Unauthorized)?;
            Ok(Caller { user, token })
        }
    }
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
