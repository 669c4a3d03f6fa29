//! The page of a job.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{World, claim};

/// A text that would be a script if it were not escaped.
const HOSTILE: &str = "<script>alert(\"x\")</script>'&";
const HARMLESS: &str = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;'&amp;";

async fn page(world: &World, job: Uuid) -> String {
    let reply = world.get(&format!("/jobs/{job}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.text
}

/// Has a node run the job and settle it with this report.
async fn settle(world: &World, job: Uuid, status: &str, report: Value) {
    world.say(job, &claim(1, "n1")).await;
    let patch = json!({"attempt": 1, "sequence": 1, "node": "n1", "status": status,
                       "message": "the last word", "report": report});
    assert_eq!(world.say(job, &patch).await.status, 200);
}

#[sqlx::test(migrations = "../migrations")]
async fn names_are_never_taken_for_markup(db: PgPool) {
    let world = World::new(&db).await;
    // A key has no slash, since it stands in addresses.
    let key = "\"><img src=x onerror=alert(1)>";
    let instruction = json!({"key": key, "kind": HOSTILE.replace('/', ""), "tenant": HOSTILE,
                             "submitted_by": HOSTILE, "body": {"text": HOSTILE}});
    let reply = world.post("/instruction", &instruction).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let job = crate::world::id(&reply.json()["job"]);
    let report = json!({
        "tables": [{"table": HOSTILE}],
        "files": [{"path": format!("/out/{HOSTILE}"), "bytes": 1, "sha256": HOSTILE}],
        "findings": [{"severity": "error", "message": HOSTILE, "cell": HOSTILE, "remedy": HOSTILE,
                      "file": HOSTILE, "marker": HOSTILE, "sample": HOSTILE, "table": HOSTILE}],
        "failed_in": HOSTILE,
        "stages": [{"stage": HOSTILE, "duration_ms": 1}],
        "matrix": {"data_set_type": HOSTILE, "markers": 1, "samples": 1, "missing_rate": 0.5,
                   "calls": {HOSTILE: 1}},
    });
    settle(&world, job, "failed", report).await;
    let instruction = world.get("/instructions/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E").await;
    assert_eq!(instruction.status, 200);
    for text in [page(&world, job).await, world.get("/jobs").await.text, instruction.text] {
        assert!(!text.contains("<script>"), "{text}");
        assert!(!text.contains("<img src=x"), "{text}");
    }
    assert!(page(&world, job).await.contains(HARMLESS));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_failed_job_tells_what_is_wrong_where_and_what_to_do(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let finding = json!({"severity": "error", "message": "no IUPAC code", "file": "/in/maize.hmp.txt",
                         "line": 1058, "column": 12, "cell": "Z", "marker": "S1_7",
                         "remedy": "correct the cell", "count": 3});
    settle(&world, job, "failed", json!({"findings": [finding], "failed_in": "digest"})).await;
    let page = page(&world, job).await;
    for words in [
        "No IUPAC code.",
        "maize.hmp.txt",
        "line <b>1,058</b>",
        "column <b>12</b>",
        "marker <b>S1_7</b>",
        "found <b>3 times</b>",
        "Correct the cell.",
        "1 error in digest",
        "Run again",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_completed_job_tells_what_it_wrote_and_how_good_it_is(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let report = json!({
        "tables": [{"table": "marker", "rows_in": 4000, "rows": 3990, "duplicates": 10}],
        "files": [{"path": "/out/digest.marker", "bytes": 2048, "sha256": "0123abcd"}],
        "stages": [{"stage": "validation", "duration_ms": 0}, {"stage": "digest", "duration_ms": 2500}],
        "matrix": {"data_set_type": "IUPAC", "markers": 4000, "samples": 300, "missing_rate": 0.03,
                   "heterozygosity": 0.07, "calls": {"A": 90, "N": 10}},
    });
    settle(&world, job, "completed", report).await;
    let page = page(&world, job).await;
    for words in [
        "3,990",
        "digest.marker",
        "2.0 KiB",
        "0123abcd",
        "2.5 s",
        "3.00 %",
        "7.00 %",
        "4,000 markers",
        "90.00 %",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    assert!(!page.contains("Why it failed"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_running_job_tells_how_far_it_is(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    world.say(job, &claim(1, "n1")).await;
    let progress = json!({"attempt": 1, "sequence": 1, "node": "n1", "stage": "digest",
                          "progress": {"done": 1024, "total": 4096}});
    world.say(job, &progress).await;
    let page = page(&world, job).await;
    for words in
        ["Now: digest", "max=\"4096\" value=\"1024\"", "25 %", "1.0 KiB of 4.0 KiB", "Cancel"]
    {
        assert!(page.contains(words), "{words} in {page}");
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_waiting_job_tells_that_no_node_has_it(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let page = page(&world, job).await;
    assert!(page.contains("No node has taken it yet"), "{page}");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_report_in_other_words_leaves_the_rest_of_the_page_as_it_is(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    settle(&world, job, "completed", json!({"tables": "none"})).await;
    assert!(page(&world, job).await.contains("The way of the job"));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn files_lead_somewhere_where_they_can_be_had(db: PgPool) {
    for downloads in [true, false] {
        let world = World::with(&db, json!({"downloads": downloads})).await;
        let job = world.submit(&downloads.to_string()).await;
        let file = json!({"path": "/out/a b.tsv", "bytes": 1, "sha256": ""});
        settle(&world, job, "completed", json!({"files": [file]})).await;
        let link = format!("href=\"/job/{job}/files/a%20b.tsv\"");
        assert_eq!(page(&world, job).await.contains(&link), downloads);
        world.stop().await;
    }
}
