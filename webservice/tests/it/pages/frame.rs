//! What all pages have in common: headers, assets, errors, and whom they obey.

use reqwest::{Method, redirect::Policy};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{Reply, World, send};

const PAGES: [&str; 3] = ["/", "/jobs", "/nodes"];

/// The addresses that stand in a page behind this attribute.
fn addresses<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let begin = format!("{attribute}=\"");
    page.split(&begin).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn assert_protected(reply: &Reply) {
    let policy = reply.headers["content-security-policy"].to_str().unwrap();
    for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    assert_eq!(reply.headers["referrer-policy"], "same-origin");
}

#[sqlx::test(migrations = "../migrations")]
async fn every_page_runs_and_loads_only_what_is_its_own(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let job = format!("/jobs/{job}");
    for page in PAGES.into_iter().chain([&*job, "/instructions/a"]) {
        let reply = world.get(page).await;
        assert_eq!(reply.status, 200, "{page}: {}", reply.text);
        assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8");
        assert_protected(&reply);
        assert!(!reply.text.contains(" style="), "{page} has a style inline");
        assert!(!reply.text.contains("<style"), "{page} has a style inline");
        assert!(!reply.text.contains("<script>"), "{page} has a script inline");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn assets_are_kept_for_ever_under_an_address_that_changes_with_them(db: PgPool) {
    let world = World::new(&db).await;
    let page = world.get("/").await.text;
    let assets: Vec<_> = addresses(&page, "href")
        .into_iter()
        .chain(addresses(&page, "src"))
        .filter(|address| address.starts_with("/assets/"))
        .collect();
    assert!(assets.len() >= 3, "{assets:?}");
    for asset in assets {
        let reply = world.get(asset).await;
        assert_eq!(reply.status, 200, "{asset}");
        assert!(reply.headers["cache-control"].to_str().unwrap().contains("immutable"));
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        let name = asset.rsplit('/').next().unwrap();
        let other = world.get(&format!("/assets/0/{name}")).await;
        assert_eq!((other.status, other.text), (200, reply.text), "a page of another version");
        assert_eq!(other.headers["cache-control"], "no-cache");
    }
    assert_eq!(world.get("/assets/0/passwd").await.status, 404);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_shown_is_a_page_too(db: PgPool) {
    let world = World::new(&db).await;
    for path in [&*format!("/jobs/{}", Uuid::now_v7()), "/jobs/x", "/instructions/none"] {
        let reply = world.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.text.contains("Nothing to be found here"), "{}", reply.text);
        assert_protected(&reply);
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn without_a_database_a_page_says_that_it_is_worth_another_try(db: PgPool) {
    let database = json!({"url": "postgres:///?host=/nowhere", "acquire_seconds": 1});
    let world = World::at(database, json!({})).await;
    drop(db);
    let reply = world.get("/jobs").await;
    assert_eq!(reply.status, 503);
    assert!(reply.headers.contains_key("retry-after"));
    assert!(reply.text.contains("Nothing is lost"), "{}", reply.text);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_page_of_another_site_changes_nothing(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let paths = [
        format!("/jobs/{job}/cancel"),
        format!("/job/{job}/cancel"),
        format!("/jobs/{job}/rerun"),
        "/instruction".to_owned(),
    ];
    for path in &paths {
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "http://evil.example")] {
            let reply = send(world.request(Method::POST, path).header(name, value)).await;
            assert_eq!((reply.status, &*reply.problem()), (403, "forbidden"), "{path}");
        }
    }
    assert_eq!(world.job(job).await["status"], "submitted");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_forms_of_a_page_cancel_a_job_and_run_it_again(db: PgPool) {
    let mut world = World::new(&db).await;
    world.http = edge::client().redirect(Policy::none()).build().unwrap();
    let job = world.submit("a").await;
    let press = async |path: String| {
        let own = world.url.clone();
        let form = world.request(Method::POST, &path).header("origin", own);
        send(form.header("sec-fetch-site", "same-origin")).await
    };
    let early = press(format!("/jobs/{job}/rerun")).await;
    assert_eq!(early.status, 409, "what is not settled is not done over");
    assert!(early.text.contains("only a settled job can be done over"), "{}", early.text);
    let cancelled = press(format!("/jobs/{job}/cancel")).await;
    assert_eq!(
        (cancelled.status, &cancelled.headers["location"]),
        (303, &format!("/jobs/{job}").parse().unwrap())
    );
    assert_eq!(world.job(job).await["status"], "cancelled");
    let again = press(format!("/jobs/{job}/rerun")).await;
    assert_eq!(again.status, 303);
    let new = again.headers["location"].to_str().unwrap().strip_prefix("/jobs/").unwrap();
    assert_eq!(world.job(new.parse().unwrap()).await["rerun_of"], json!(job));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_plain_api_answers_as_before_beside_the_pages(db: PgPool) {
    let world = World::new(&db).await;
    let list = world.get("/job").await;
    assert_eq!(list.json()["items"], Value::Array(Vec::new()));
    assert!(!list.headers.contains_key("content-security-policy"));
    assert_eq!(world.get("/nothing").await.problem(), "not-found");
    world.stop().await;
}
