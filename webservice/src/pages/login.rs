//! Coming in, and going.

use axum::{
    extract::{Form, Request, State},
    http::{Method, StatusCode, header::SET_COOKIE},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{access::Caller, app::App, error::ApiError, routes::access as session};

use super::{
    error::{PageError, sentence},
    extract::Asked,
    layout::{Page, Place},
    words,
};

/// Where to go afterwards.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct To {
    to: String,
}

impl To {
    /// A path of this service, whatever was asked for: a link must not lead elsewhere in our name.
    fn path(&self) -> &str {
        let own = self.to.starts_with('/') && !self.to.starts_with("//") && !self.to.contains('\\');
        if own { &self.to } else { "/" }
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Login {
    user: String,
    password: String,
    #[serde(default)]
    to: String,
}

/// Lets a request in with its caller; what goes wrong with that is told on a page, too.
pub(super) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let origin = app.access.origin(&request);
    match app.access.caller(request.headers(), origin).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => PageError::from(error).into_response(),
    }
}

/// Asks who comes, when a page is only for some.
pub(super) async fn ask(request: Request, next: Next) -> Response {
    let wanted = request.uri().path_and_query().map(ToString::to_string);
    let looks = request.method() == Method::GET;
    let response = next.run(request).await;
    if response.status() != StatusCode::UNAUTHORIZED || !looks {
        return response;
    }
    let to = words::segment(&wanted.unwrap_or_default());
    Redirect::to(&format!("/login?to={to}")).into_response()
}

pub(super) async fn show(State(app): State<App>, caller: Caller, Asked(to): Asked<To>) -> Page {
    let content = match caller.name() {
        Some(name) => account(name),
        None if app.access.is_closed() => form("", to.path(), None),
        None => html! {
            h1 { "Account" }
            p { "This service is open to everybody who can reach it: there is nobody to log in as." }
        },
    };
    Page::new("Account", Place::Elsewhere, content)
}

pub(super) async fn log_in(
    State(app): State<App>,
    caller: Caller,
    Form(Login { user, password, to }): Form<Login>,
) -> Result<Response, PageError> {
    let to = To { to };
    match session::log_in(&app, &caller, &user, password).await {
        Ok((cookie, _)) => Ok(([(SET_COOKIE, cookie)], Redirect::to(to.path())).into_response()),
        Err(error @ (ApiError::Unknown | ApiError::TooManyTries { .. })) => {
            let said = match error {
                ApiError::Unknown => "Nobody goes by that name and password.".to_owned(),
                _ => sentence(&error.to_string()),
            };
            let page = form(&user, to.path(), Some(&said));
            let status = StatusCode::FORBIDDEN;
            Ok((status, Page::new("Log in", Place::Elsewhere, page)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn log_out(State(app): State<App>, caller: Caller) -> Result<Response, PageError> {
    let cookie = session::log_out(&app, &caller).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

fn form(user: &str, to: &str, refused: Option<&str>) -> Markup {
    html! {
        h1 { "Log in" }
        form.login method="post" action="/login" {
            @if let Some(refused) = refused { p.failed role="alert" { (refused) } }
            label { "User" input name="user" value=(user) required autocomplete="username" autofocus; }
            label {
                "Password"
                input name="password" type="password" required autocomplete="current-password";
            }
            input type="hidden" name="to" value=(to);
            button.primary { "Log in" }
        }
    }
}

fn account(name: &str) -> Markup {
    html! {
        h1 { "Account" }
        p { "You are logged in as " b { (name) } "." }
        form method="post" action="/logout" { button { "Log out" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_a_page_of_this_service_only() {
        let path = |to: &str| To { to: to.to_owned() }.path().to_owned();
        assert_eq!(path("/jobs?status=failed"), "/jobs?status=failed");
        for to in ["", "https://evil.example", "//evil.example", "/\\evil.example", "jobs"] {
            assert_eq!(path(to), "/", "{to}");
        }
    }
}
