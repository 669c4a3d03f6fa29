//! Beside a GOBii server that was there before.

use axum::{Router, extract::Request, response::IntoResponse as _};
use edge::Limits;
use serde_json::json;
use webservice::gobii::UpstreamUrl;

use super::world::{LOGIN, NAME, World};
use crate::wire::Server;

/// What the server before gives out at login.
const TOKEN: &str = "q83Zf0M1yL7u2o0iYh0mJw6C5l8l5m3V1o2n4b6c8d0=";

/// A server that knows one password, and tells of every other request how it came.
async fn before() -> Server {
    let answer = async |request: Request| {
        let (head, body) = request.into_parts();
        let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        if head.uri.path().ends_with("/auth") {
            return match header("x-password") {
                Some("reader") => ([("x-auth-token", TOKEN)], "welcome").into_response(),
                _ => (axum::http::StatusCode::UNAUTHORIZED, "go away").into_response(),
            };
        }
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8_lossy(&body);
        let told = json!({"call": format!("{} {}", head.method, head.uri), "body": body,
                          "token": header("x-auth-token")});
        ([("content-type", "text/x-before")], told.to_string()).into_response()
    };
    Server::start(Router::new().fallback(answer), Limits::default()).await
}

async fn beside(before: &Server) -> World {
    let url = format!("http://{}", before.address);
    World::with(|config, crop| {
        config.upstream = Some(UpstreamUrl::try_from(url).unwrap());
        crop.users.clear();
        crop.contacts.clear();
    })
    .await
}

#[tokio::test]
async fn a_login_is_that_of_the_server_before_and_its_token_counts_for_both() {
    let before = before().await;
    let world = beside(&before).await;
    assert_eq!(world.token, TOKEN);
    let created = world.create(&world.item()).await;
    assert_eq!(created.status, 201, "{}", created.messages());
    assert_eq!(
        world.memory.instruction_of("dev:data_20260101_120000_USER_READER").submitted_by.as_deref(),
        Some("USER_READER")
    );
    let wrong = world.exchange(LOGIN.replace("reader", "wrong").as_bytes()).await;
    assert_eq!((wrong.status(), wrong.text()), (401, "go away"));
    let stranger = World { token: "x".to_owned(), ..world };
    assert_eq!(stranger.create(&stranger.item()).await.status, 401);
}

#[tokio::test]
async fn what_is_not_ours_goes_on_as_it_came() {
    let before = before().await;
    let world = beside(&before).await;
    for (method, path, body) in [
        ("GET", "/gobii-dev//gobii/v1/contact-search?email&userName=a%40b", ""),
        ("GET", "/gobii-dev//gobii/v1/names/cvs?filterType=NAMES_BY_TYPE_NAME", ""),
        ("POST", "/gobii-dev//gobii/v1/projects", r#"{"payload": 1}"#),
        ("GET", "/gobii-dev//gobii/v1/jobs/of_another_server", ""),
        ("PUT", "/gobii-dev//gobii/v1/jobs/of_another_server", "{}"),
        ("POST", "/gobii-dev//gobii/v1/instructions/extractor", "{}"),
        ("GET", "/gobii-other//gobii/v1/configsettings", ""),
        ("GET", "/gobii-dev/index.html", ""),
    ] {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nX-Auth-Token: {TOKEN}\r\nContent-Length: {length}\r\n\
             Host: x\r\nConnection: Keep-Alive\r\n\r\n{body}"
        );
        let answer = world.server.exchange(request.as_bytes()).await;
        assert_eq!((answer.status(), answer.header("Content-Type")), (200, Some("text/x-before")));
        let told: serde_json::Value = serde_json::from_str(answer.text()).unwrap();
        assert_eq!(told, json!({"call": format!("{method} {path}"), "body": body, "token": TOKEN}));
    }
}

#[tokio::test]
async fn clients_are_sent_to_us_and_find_our_loads_here() {
    let before = before().await;
    let world = beside(&before).await;
    let settings = world.get("configsettings").await;
    let server = &settings.data()[0]["serverConfigs"]["dev"];
    assert_eq!(server["contextRoot"], "/gobii-dev/");
    world.create(&world.item()).await;
    for path in [format!("jobs/{NAME}"), format!("instructions/loader/jobs/{NAME}")] {
        assert_eq!(world.get(&path).await.data()[0]["jobName"], NAME, "{path}");
    }
}

#[tokio::test]
async fn a_server_before_that_is_away_is_told_and_does_not_keep_our_loads_away() {
    let before = before().await;
    let world = beside(&before).await;
    world.create(&world.item()).await;
    drop(before);
    let answer = world.get("contact-search?email&userName=x").await;
    assert_eq!(answer.status, 503);
    assert!(answer.error().contains("GOBii server behind"), "{}", answer.messages());
    assert_eq!(world.get(&format!("jobs/{NAME}")).await.data()[0]["jobName"], NAME);
}
