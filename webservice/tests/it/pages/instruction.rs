//! The page of an instruction.

use serde_json::{Value, json, value::RawValue};
use sqlx::PgPool;

use crate::world::World;

const HAPMAP: &str =
    include_str!("../../../../digest/tests/cases/hapmap-two-letter/instruction.json");
/// A text that would be a script if it were not escaped.
const HOSTILE: &str = "</pre></svg><script>alert(\"x\")</script>";

/// Hands in a loader instruction whose files need not exist.
async fn submit(world: &World, key: &str, body: &str) {
    let body = body.replace("${INPUT}", "/in").replace("${OUTPUT}", "/out");
    let body = RawValue::from_string(body).unwrap();
    let new = format!(
        "{{\"key\": \"{key}\", \"kind\": \"loader\", \"tenant\": \"maize\", \"body\": {body}}}"
    );
    let request = world.request("POST".parse().unwrap(), "/instruction");
    let reply = request.header("content-type", "application/json").body(new).send().await.unwrap();
    let status = reply.status();
    assert_eq!(status, 201, "{}", reply.text().await.unwrap());
}

async fn page(world: &World, path: &str) -> String {
    let reply = world.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.text
}

/// The text between the first of these and the next of those.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("no {begin} in {text}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} in {rest}")).0
}

#[sqlx::test(migrations = "../migrations")]
async fn the_text_is_shown_pretty_and_as_it_was_sent(db: PgPool) {
    let world = World::new(&db).await;
    let body = "{\"b\":1.0,  \"a\":[\"<\"]}";
    let new = format!("{{\"key\":\"k\",\"kind\":\"sleep\",\"body\":{body}}}");
    let request = world.request("POST".parse().unwrap(), "/instruction");
    request.header("content-type", "application/json").body(new).send().await.unwrap();
    let json = |page: &str| between(page, "aria-label=\"JSON\">", "</pre>").to_owned();
    let pretty = page(&world, "/instructions/k").await;
    let pretty = json(&pretty);
    assert_eq!(
        pretty,
        "{\n  &quot;b&quot;: 1.0,\n  &quot;a&quot;: [\n    &quot;&lt;&quot;\n  ]\n}"
    );
    let sent = page(&world, "/instructions/k?sent=true").await;
    assert_eq!(json(&sent), "{&quot;b&quot;:1.0,  &quot;a&quot;:[&quot;&lt;&quot;]}");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn every_line_of_the_drawing_leads_from_an_input_to_a_column(db: PgPool) {
    let world = World::with_loader(&db).await;
    submit(&world, "k", HAPMAP).await;
    let page = page(&world, "/instructions/k").await;
    let drawing = between(&page, "<svg viewBox", "</svg>");
    let columns = HAPMAP.matches("gobiiColumnType").count();
    let made = HAPMAP.matches("\"CONSTANT\"").count() + HAPMAP.matches("\"AUTOINCREMENT\"").count();
    assert_eq!(drawing.matches("<path d=").count(), columns - made, "a line each");
    assert_eq!(drawing.matches("class=\"mark\"").count(), made, "a mark each");
    let table = between(&page, "<table class=\"list mapping\"", "</table>");
    for words in ["dataset_dnarun", "line 1", "from column 4 on", "always “3”", "0, 1, 2, …"]
    {
        assert!(table.contains(words), "{words} in {table}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_instruction_of_a_kind_that_does_not_tell_shows_its_text_alone(db: PgPool) {
    let world = World::with_loader(&db).await;
    world.submit("s").await;
    let page = page(&world, "/instructions/s").await;
    assert!(!page.contains("What it makes of the input"));
    assert!(page.contains("milliseconds"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn names_of_tables_and_columns_are_never_taken_for_markup(db: PgPool) {
    let world = World::with_loader(&db).await;
    let column = |kind: &str| {
        json!({"gobiiColumnType": kind, "name": HOSTILE, "rCoord": 0, "cCoord": 0,
               "constantValue": HOSTILE, "findText": HOSTILE})
    };
    let body: Value = json!([{"table": HOSTILE, "gobiiFile": {"source": "/in", "destination": "/out"},
                              "gobiiFileColumns": [column("CONSTANT"), column("CSV_COLUMN")]}]);
    submit(&world, "k", &body.to_string()).await;
    for path in ["/instructions/k", "/instructions/k?sent=true"] {
        let page = page(&world, path).await;
        assert!(!page.contains("<script>") && !page.contains("</pre></svg>"), "{page}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_very_long_instruction_makes_no_heavy_page(db: PgPool) {
    let world = World::with_loader(&db).await;
    let column = json!({"gobiiColumnType": "CSV_COLUMN", "name": "n", "rCoord": 0, "cCoord": 0});
    let columns = vec![column; 2000];
    let body = json!([{"table": "t", "gobiiFile": {"source": "/in", "destination": "/out"},
                       "gobiiFileColumns": columns}]);
    submit(&world, "k", &body.to_string()).await;
    let page = page(&world, "/instructions/k").await;
    assert!(page.len() < 150_000, "{} bytes", page.len());
    assert!(page.contains("All of it, for programs"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_became_of_it_is_told_with_every_job(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.post(&format!("/job/{job}/cancel"), &json!({})).await;
    let again = world.post(&format!("/job/{job}/rerun"), &json!({})).await.json();
    let page = page(&world, "/instructions/a").await;
    for id in [job.to_string(), again["id"].as_str().unwrap().to_owned()] {
        assert!(page.contains(&format!("/jobs/{id}")), "{id}");
    }
    world.stop().await;
}
