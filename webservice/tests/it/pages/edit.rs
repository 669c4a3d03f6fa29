//! An instruction changed and run again.

use axum::{Json, Router, routing::post};
use reqwest::{Method, redirect::Policy};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    access::{call, closed},
    world::{Reply, World, send},
};

/// A text that would be a script if it were not escaped.
const HOSTILE: &str = "</textarea><script>alert(1)</script>";

async fn world(db: &PgPool) -> World {
    let mut world = World::with_loader(db).await;
    world.http = edge::client().redirect(Policy::none()).build().unwrap();
    world
}

async fn change(world: &World, path: &str, key: &str, body: &str, action: &str) -> Reply {
    let form = [("key", key), ("body", body), ("action", action)];
    send(world.request(Method::POST, path).form(&form)).await
}

fn loader(source: &str) -> Value {
    json!([{"table": "marker", "gobiiFile": {"source": source, "destination": "/out"}}])
}

async fn submit_loader(world: &World, key: &str) {
    let new = json!({"key": key, "kind": "loader", "tenant": "maize", "submitted_by": "ann",
                     "body": loader("/in")});
    assert_eq!(world.post("/instruction", &new).await.status, 201);
}

fn assert_says(page: &str, words: &[&str]) {
    for words in words {
        assert!(page.contains(words), "{words} in {page}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_was_changed_becomes_a_new_instruction_with_a_link_to_its_parent(db: PgPool) {
    let world = world(&db).await;
    submit_loader(&world, "load").await;
    let form = world.get("/instructions/load/edit").await.text;
    assert_says(&form, &["value=\"load_2\"", "&quot;source&quot;: &quot;/in&quot;"]);
    let body = loader("/elsewhere").to_string();
    let reply = change(&world, "/instructions/load/edit", "load_2", &body, "submit").await;
    assert_eq!(reply.status, 303, "{}", reply.text);
    let job = reply.headers["location"].to_str().unwrap().strip_prefix("/jobs/").unwrap();
    let job = world.job(job.parse().unwrap()).await;
    assert_eq!((&job["key"], &job["tenant"]), (&json!("load_2"), &json!("maize")));
    let made = world.get("/instruction/load_2").await.json();
    assert_eq!((&made["parent"], &made["body"]), (&json!("load"), &loader("/elsewhere")));
    assert_says(
        &world.get("/instructions/load_2").await.text,
        &["Made from", "/instructions/load\""],
    );
    let parent = world.get("/instructions/load").await.text;
    assert_says(&parent, &["Was changed into", "/instructions/load_2\""]);
    let next = world.get("/instructions/load/edit").await.text;
    assert_says(&next, &["value=\"load_3\""]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_no_json_is_shown_again_with_its_line_and_column(db: PgPool) {
    let world = world(&db).await;
    submit_loader(&world, "load").await;
    let body = format!("\r\n\r\n[\r\n  {{\"table\": {HOSTILE}\r\n]");
    for action in ["check", "submit"] {
        let reply = change(&world, "/instructions/load/edit", "k", &body, action).await;
        assert_eq!(reply.status, 422);
        assert_says(
            &reply.text,
            &[
                "expected value at line 2 column 13",
                "data-line=\"2\"",
                "{&quot;table&quot;: <mark>&lt;/tex",
            ],
        );
        assert!(!reply.text.contains("<script>"), "{}", reply.text);
    }
    assert_eq!(world.get("/instruction/k").await.status, 404);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_the_kind_refuses_is_said_where_it_stands_and_nothing_is_lost(db: PgPool) {
    let world = world(&db).await;
    submit_loader(&world, "load").await;
    let body = "[\n  {\"tabel\": \"marker\"}\n]";
    for action in ["check", "submit"] {
        let reply = change(&world, "/instructions/load/edit", "mine", body, action).await;
        assert_eq!(reply.status, 422);
        assert_says(
            &reply.text,
            &["[0].tabel", "data-line=\"2\"", "value=\"mine\"", "&quot;tabel&quot;: &quot;marker"],
        );
    }
    let named = loader("/in").to_string();
    for (key, words) in [("load", "already"), ("a/b", "role=\"alert\"")] {
        let other = named.replace("/in", "/other");
        let reply = change(&world, "/instructions/load/edit", key, &other, "submit").await;
        assert_eq!(reply.status, 422, "{key}");
        assert_says(&reply.text, &[words, "/other"]);
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_check_shows_what_would_be_written_and_creates_nothing(db: PgPool) {
    let world = world(&db).await;
    submit_loader(&world, "load").await;
    let path = "/instructions/load/edit";
    let body = loader("/in").to_string();
    let unseen = change(&world, path, "k", &body, "check").await;
    assert_eq!(unseen.status, 200);
    assert_says(&unseen.text, &["The instruction makes sense", "could not be looked at"]);
    let row = |text: &str| json!({"text": text});
    let finding = json!({"severity": "warning", "message": "odd call", "line": 7, "cell": HOSTILE});
    let report = json!({"tables": [{"table": "marker", "header": row("name\tref"),
                                    "rows": [row("S1\t<b>")], "made": 12}],
                        "findings": [finding], "files": 1, "files_seen": 1, "lines": 1000,
                        "whole": false});
    let preview = json!({"fine": true, "message": "nothing is wrong with it", "node": "n1",
                         "report": report});
    let look = async move || Json(preview.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/preview", post(look));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let node = json!({"address": address, "kinds": ["loader"]});
    assert_eq!(world.beat("n1", Uuid::now_v7(), node).await.status, 200);
    let seen = change(&world, path, "k", &body, "check").await;
    assert_eq!(seen.status, 200);
    assert_says(
        &seen.text,
        &[
            "Nothing is wrong with it.",
            "Odd call.",
            "<th scope=\"col\">ref</th>",
            "<td>&lt;b&gt;</td>",
            "12 rows",
        ],
    );
    assert!(!seen.text.contains("<script>"));
    assert_eq!(world.get("/instruction/k").await.status, 404);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn who_was_told_of_the_parent_is_told_unless_that_is_switched_off(db: PgPool) {
    let settings = json!({"notifications": {"webhooks": ["https://hooks.example.org"]}});
    let mut world = World::with(&db, settings).await;
    world.http = edge::client().redirect(Policy::none()).build().unwrap();
    let hook = json!({"webhook": "https://hooks.example.org/for-ann-only"});
    let new = json!({"key": "k", "kind": "sleep", "body": 1, "notify": [hook]});
    assert_eq!(world.post("/instruction", &new).await.status, 201);
    let path = "/instructions/k/edit";
    let form = world.get(path).await.text;
    assert_says(&form, &["value=\"true\" checked", "as before: https://hooks.example.org<"]);
    assert!(!form.contains("for-ann-only"), "{form}");
    let send_form = async |key: &str, tell: &[(&str, &str)]| {
        let form = [&[("key", key), ("body", "2"), ("action", "submit")], tell].concat();
        assert_eq!(send(world.request(Method::POST, path).form(&form)).await.status, 303);
        sqlx::query_scalar::<_, Option<Value>>("select notify from job where key = $1")
            .bind(key)
            .fetch_one(&db)
            .await
            .unwrap()
    };
    assert_eq!(send_form("told", &[("tell", "true")]).await, Some(json!([hook])));
    assert_eq!(send_form("untold", &[]).await, None);
    let untold = world.get("/instructions/untold/edit").await.text;
    assert!(!untold.contains("Tell of its end"), "there is nobody to tell");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn only_who_may_submit_for_its_tenant_edits_an_instruction(db: PgPool) {
    let accounts = [("ann", "submit:maize"), ("eve", "read:maize"), ("bob", "submit:rice")];
    let world = closed(&db, &accounts, json!({})).await;
    let new = json!({"key": "k", "kind": "sleep", "tenant": "maize", "body": 1});
    let reply = call(&world, "ann", Method::POST, "/instruction", new).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let path = "/instructions/k/edit";
    for (who, status) in [("ann", 200), ("eve", 403), ("bob", 404)] {
        let reply = call(&world, who, Method::GET, path, Value::Null).await;
        assert_eq!(reply.status, status, "{who}");
        let form = [("key", "k_2"), ("body", "2"), ("action", "check")];
        let request = world.request(Method::POST, path).form(&form);
        let reply = send(request.basic_auth(who, Some(format!("of {who}")))).await;
        assert_eq!(reply.status, status, "{who}");
    }
    let page = call(&world, "eve", Method::GET, "/instructions/k", Value::Null).await.text;
    assert!(!page.contains("Edit and run again"), "{page}");
    world.stop().await;
}
