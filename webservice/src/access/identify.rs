//! The door: who calls is found out before a handler sees the request.

use std::net::IpAddr;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName,
        header::{AUTHORIZATION, COOKIE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use edge::{Remote, Verifier};

use super::{
    Caller, SignIn, SignedIn, caller::User, config::AccessConfig, secret::is_token, sign_in::Access,
};
use crate::{app::App, error::ApiError, peers::Service, store::access::Use};

/// The cookie of a browser's session.
pub(crate) const SESSION: &str = "digester_session";
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Notes where a request came from, for those who identify its caller themselves.
pub(crate) async fn locate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let origin = Origin(app.access.origin(&request));
    request.extensions_mut().insert(origin);
    next.run(request).await
}

/// Lets a request in with its [`Caller`], or not at all.
pub(crate) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let origin = app.access.origin(&request);
    if Verifier::node_of(request.headers()).is_some() {
        return identify_node(&app, request, origin, next).await;
    }
    match app.access.caller(request.headers(), origin).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

/// Nodes only look here: their calls have no bodies.
async fn identify_node(
    app: &App,
    request: Request,
    origin: Option<IpAddr>,
    next: Next,
) -> Response {
    let (mut head, _) = request.into_parts();
    match app.peers.believe(&head, &[]) {
        Ok(service) => {
            head.extensions.insert(Caller::service(service, origin));
            next.run(Request::from_parts(head, Body::empty())).await
        }
        Err(refused) => refused.into_response(),
    }
}

/// Where a request really came from; what [`locate`] notes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin(pub(crate) Option<IpAddr>);

/// Proxies add the address that they were called from at the end: the last one that is not a
/// trusted proxy itself is the caller's.
fn origin(remote: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpAddr]) -> Option<IpAddr> {
    let remote = remote?;
    if !trusted.contains(&remote) {
        return Some(remote);
    }
    let said = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let said: Vec<_> = said.flat_map(|value| value.split(',')).map(str::trim).collect();
    let addresses = said.iter().rev().map_while(|text| text.parse::<IpAddr>().ok());
    addresses.take_while_inclusive(|address| trusted.contains(address)).last().or(Some(remote))
}

/// `Iterator::take_while`, with the first item that does not fit.
trait TakeWhileInclusive: Iterator + Sized {
    fn take_while_inclusive(
        self,
        fits: impl Fn(&Self::Item) -> bool,
    ) -> impl Iterator<Item = Self::Item> {
        let mut over = false;
        self.map_while(move |item| {
            let goes_on = !over;
            over = !fits(&item);
            goes_on.then_some(item)
        })
    }
}

impl<I: Iterator> TakeWhileInclusive for I {}

impl Access {
    /// Where a request really came from.
    pub(crate) fn origin(&self, request: &Request) -> Option<IpAddr> {
        let remote = request.extensions().get::<Remote>().map(|remote| remote.0.ip());
        let trusted = self.config().map(|config| config.trusted_proxies.as_slice());
        origin(remote, request.headers(), trusted.unwrap_or_default())
    }

    /// Who makes a request.
    pub(crate) async fn caller(
        &self,
        headers: &HeaderMap,
        origin: Option<IpAddr>,
    ) -> Result<Caller, ApiError> {
        let Some(config) = self.config() else { return Ok(Caller::anybody(origin)) };
        if self.services().is_some_and(|token| token.opens(headers)) {
            return Ok(Caller::service(Service::Any, origin));
        }
        let authorization = headers.get(AUTHORIZATION).map(|value| value.to_str());
        match authorization {
            Some(Ok(authorization)) => self.by_authorization(authorization, origin).await,
            Some(Err(_)) => Err(ApiError::Unknown),
            None => self.by_session(headers, config, origin).await,
        }
    }

    async fn by_authorization(
        &self,
        authorization: &str,
        origin: Option<IpAddr>,
    ) -> Result<Caller, ApiError> {
        let (scheme, value) = authorization.split_once(' ').unwrap_or_default();
        if scheme.eq_ignore_ascii_case("basic") {
            return self.by_password(value.trim(), origin).await;
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ApiError::Unknown);
        }
        let bearer = match value.trim() {
            token if is_token(token) => self.bearer(Use::Token, token, origin).await?,
            token => self.vouched_for(token, origin).await?,
        };
        bearer.ok_or(ApiError::Unknown)
    }

    async fn by_password(&self, basic: &str, origin: Option<IpAddr>) -> Result<Caller, ApiError> {
        let text = STANDARD.decode(basic).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or(ApiError::Unknown)?;
        let (name, password) = text.split_once(':').ok_or(ApiError::Unknown)?;
        let by = SignIn {
            user: name,
            password: password.to_owned(),
            configured: None,
            origin,
            to: "api",
        };
        match self.sign_in(by).await? {
            SignedIn::Known { grants } => {
                let user = User { name: name.to_owned(), grants, within: None, session: None };
                Ok(Caller::user(user, origin))
            }
            SignedIn::Unknown => Err(ApiError::Unknown),
            SignedIn::Wait(wait) => Err(ApiError::TooManyTries { wait }),
        }
    }

    /// A session that is over is none: its owner is asked to log in where that is needed.
    async fn by_session(
        &self,
        headers: &HeaderMap,
        config: &AccessConfig,
        origin: Option<IpAddr>,
    ) -> Result<Caller, ApiError> {
        if let Some(session) = cookie(headers, SESSION)
            && let Some(caller) = self.bearer(Use::Session, session, origin).await?
        {
            return Ok(caller);
        }
        Ok(Caller::stranger(config.anonymous.clone(), origin))
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|value| value.split(';')).find_map(|cookie| {
        let (found, value) = cookie.trim().split_once('=')?;
        (found == name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn forwarded(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(FORWARDED_FOR, text.parse().unwrap())])
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_where_a_request_came_from() {
        let (proxy, inner, caller) =
            (address("10.0.0.1"), address("10.0.0.2"), address("192.0.2.7"));
        let headers = forwarded("6.6.6.6, 192.0.2.7");
        assert_eq!(origin(Some(proxy), &headers, &[]), Some(proxy));
        assert_eq!(origin(Some(proxy), &headers, &[proxy]), Some(caller));
        let headers = forwarded("6.6.6.6, 192.0.2.7, 10.0.0.2");
        assert_eq!(origin(Some(proxy), &headers, &[proxy, inner]), Some(caller));
        assert_eq!(origin(Some(proxy), &forwarded("nonsense"), &[proxy]), Some(proxy));
        assert_eq!(origin(None, &headers, &[proxy]), None);
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers =
            HeaderMap::from_iter([(COOKIE, "a=1; digester_session=s=2; b".parse().unwrap())]);
        assert_eq!(cookie(&headers, SESSION), Some("s=2"));
        assert_eq!(cookie(&headers, "b"), None);
    }
}
