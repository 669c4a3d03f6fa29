//! Finding the crop, and being known there.

use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::world::{Answer, LOGIN, World};

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\n{headers}Host: x\r\n\r\n").into_bytes()
}

const CONTACT: &str = "/gobii-dev//gobii/v1/contact-search?email&userName=USER_READER";

#[tokio::test]
async fn a_login_answers_with_the_token_in_the_capitals_that_clients_look_for() {
    let world = World::new().await;
    let answer = world.exchange(LOGIN.as_bytes()).await;
    assert_eq!(answer.status(), 200);
    let token = answer.header("X-Auth-Token").expect("X-Auth-Token in exactly this writing");
    assert_eq!(STANDARD.decode(token).unwrap().len(), 32);
    assert_eq!(answer.header("Gobii-Crop-Type"), Some("dev"));
    assert_eq!(answer.header("X-Username"), Some("USER_READER"));
    assert_eq!(answer.header("Content-Type"), Some("application/json;charset=UTF-8"));
    let body = format!(
        r#"{{"userName":"USER_READER","password":null,"token":"{token}","gobiiCropType":"dev"}}"#
    );
    assert_eq!(answer.text(), body);
}

#[tokio::test]
async fn every_answer_echoes_token_and_crop_and_tells_the_version() {
    let world = World::with(|config, _| config.version = "1.0.1-X".to_owned()).await;
    let answer = world.exchange(&get(CONTACT, &format!("X-Auth-Token: {}\r\n", world.token))).await;
    assert_eq!(answer.header("X-Auth-Token"), Some(world.token.as_str()));
    assert_eq!(answer.header("Gobii-Crop-Type"), Some("dev"));
    assert_eq!(answer.header("X-Username"), None, "only a login says it");
    let envelope: Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!(envelope["header"]["gobiiVersion"], "1.0.1-X");
    assert_eq!(envelope["header"]["cropType"], "dev");
    assert_eq!(envelope["header"]["dtoHeaderAuth"]["token"], world.token.as_str());
}

#[tokio::test]
async fn credentials_count_on_any_path_and_in_any_of_four_ways() {
    let world = World::new().await;
    let basic = STANDARD.encode("USER_READER:reader");
    for headers in [
        "X-Username: USER_READER\r\nX-Password: reader\r\n".to_owned(),
        format!("Authorization: Basic {basic}\r\n"),
        format!("X-Auth-Token: {}\r\n", world.token),
        format!("Authorization: Bearer {}\r\n", world.token),
        format!("X-Auth-Token: \r\nAuthorization: bearer {}\r\n", world.token),
    ] {
        let answer = world.exchange(&get(CONTACT, &headers)).await;
        assert_eq!(answer.status(), 200, "{headers}");
        assert!(answer.header("X-Auth-Token").is_some());
    }
}

#[tokio::test]
async fn whoever_is_not_known_gets_401_and_no_token() {
    let world = World::new().await;
    let basic = STANDARD.encode("USER_READER:wrong");
    for headers in [
        String::new(),
        "X-Auth-Token: \r\n".to_owned(),
        "X-Auth-Token: q83Zf0M1yL7u2o0iYh0mJw6C5l8l5m3V1o2n4b6c8d0=\r\n".to_owned(),
        "Authorization: Bearer x\r\n".to_owned(),
        "Authorization: Basic ?\r\n".to_owned(),
        format!("Authorization: Basic {basic}\r\n"),
        "X-Username: USER_READER\r\nX-Password: wrong\r\n".to_owned(),
        "X-Username: USER_READER\r\nX-Password: \r\n".to_owned(),
        "X-Username: NOBODY\r\nX-Password: \r\n".to_owned(),
        "X-Username: NOBODY\r\nX-Password: reader\r\n".to_owned(),
    ] {
        let answer = world.exchange(&get(CONTACT, &headers)).await;
        assert!(answer.head.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{headers}");
        assert_eq!(answer.header("X-Auth-Token"), None);
    }
}

#[tokio::test]
async fn a_stranger_is_heard_out_before_being_refused() {
    let world = World::new().await;
    let length = 3 << 20;
    let head = format!(
        "POST /gobii-dev//gobii/v1/instructions/loader HTTP/1.1\r\nX-Auth-Token: x\r\n\
         Content-Length: {length}\r\nHost: x\r\n\r\n"
    );
    let answer = world.exchange(&[head.into_bytes(), vec![b' '; length]].concat()).await;
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn a_user_without_a_contact_is_told_so_in_plain_text() {
    let world = World::with(|_, crop| {
        let hash = crop.users["USER_READER"].clone();
        crop.users.insert("stranger".to_owned(), hash);
    })
    .await;
    let answer = world.exchange(LOGIN.replace("USER_READER", "stranger").as_bytes()).await;
    assert_eq!(answer.status(), 403);
    assert!(answer.header("Content-Type").unwrap().starts_with("text/plain"));
    assert_eq!(
        answer.text(),
        "Missing contact info for user stranger in crop database dev; \
         a contact record must have username = stranger"
    );
}

#[tokio::test]
async fn slashes_and_case_of_the_context_do_not_matter_and_nothing_redirects() {
    let world = World::new().await;
    for path in [
        "/gobii-dev/gobii/v1/configsettings",
        "/gobii-dev//gobii/v1/configsettings/",
        "//GOBII-dev///gobii//v1/configsettings//",
    ] {
        assert_eq!(world.exchange(&get(path, "X-Auth-Token: \r\n")).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn an_unknown_crop_is_said_in_an_envelope_and_any_other_path_is_simply_not_found() {
    let world = World::new().await;
    let answer = world.exchange(&get("/gobii-other//gobii/v1/configsettings", "")).await;
    let error = Answer::of(answer).error();
    assert!(error.contains("no crop") && error.contains("/gobii-dev/"), "{error}");
    for path in ["/", "/elsewhere", "/gobii-dev/"] {
        let answer = world.exchange(&get(path, "")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND.as_u16(), "{path}");
        assert_eq!(answer.header("Content-Type"), Some("application/problem+json"));
    }
}

#[tokio::test]
async fn the_settings_send_clients_to_where_they_came_or_to_where_they_should() {
    let config = |host: &'static str| {
        format!("GET /gobii-dev//gobii/v1/configsettings HTTP/1.1\r\nHost: {host}\r\n\r\n")
    };
    let server = async |world: &World, host| {
        let answer = Answer::of(world.exchange(config(host).as_bytes()).await);
        answer.data()[0]["serverConfigs"]["dev"].clone()
    };
    let world = World::new().await;
    let here = server(&world, "127.0.0.1:18282").await;
    assert_eq!((&here["domain"], &here["port"]), (&"127.0.0.1".into(), &18282.into()));
    assert_eq!(here["contextRoot"], "/gobii-dev/");
    let files = format!("{}/", world.files().display());
    assert_eq!(here["fileLocations"]["RAW_USER_FILES"], files);
    let world = World::with(|config, _| {
        config.host = Some("gobii.example.org".to_owned());
        config.port = Some(8081);
    })
    .await;
    let there = server(&world, "localhost:1").await;
    assert_eq!((&there["domain"], &there["port"]), (&"gobii.example.org".into(), &8081.into()));
}

#[tokio::test]
async fn a_token_of_one_crop_is_nothing_in_another() {
    let world = World::with(|config, crop| {
        let mut other = crop.clone();
        other.context = "/gobii-other".to_owned().into();
        config.crops.insert("other".parse().unwrap(), other).unwrap();
    })
    .await;
    let path = CONTACT.replace("gobii-dev", "gobii-other");
    let answer = world.exchange(&get(&path, &format!("X-Auth-Token: {}\r\n", world.token))).await;
    assert_eq!(answer.status(), 401);
}
