//! Pages that are open, and kept up to date.

use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    stream::{Message, Stream},
    world::{GUARD, World, claim, id, patch},
};

/// The value of an attribute of the page's main part.
fn attribute(page: &str, name: &str) -> String {
    let main = page.split_once("<main").unwrap().1.split('>').next().unwrap();
    let value = main.split_once(&format!("{name}=\"")).unwrap().1.split('"').next().unwrap();
    value.replace("&amp;", "&")
}

/// Opens a page, and follows it from what it shows on, as its script does.
pub(super) async fn open(world: &World, path: &str) -> (String, Stream) {
    let page = world.get(path).await.text;
    let (live, seen) = (attribute(&page, "data-live"), attribute(&page, "data-seen"));
    let mark = if live.contains('?') { '&' } else { '?' };
    (page, Stream::open(world, &format!("{live}{mark}seen={seen}"), None).await)
}

pub(super) fn ids<'a>(message: &'a Value, list: &str) -> Vec<&'a str> {
    message["lists"][list].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect()
}

/// The next message that shows this text somewhere, and its id.
pub(super) async fn until(stream: &mut Stream, text: &str) -> Message {
    let look = async {
        loop {
            let message = stream.next().await.expect("the stream goes on");
            if message.data.contains(text) {
                return message;
            }
        }
    };
    timeout(GUARD, look).await.expect("it is shown")
}

async fn end(world: &World, job: Uuid, status: &str) {
    world.say(job, &claim(1, "n1")).await;
    assert_eq!(world.say(job, &patch(1, 1, "n1", Some(status))).await.status, 200);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_list_shows_a_new_job_without_telling_the_others_again(db: PgPool) {
    let world = World::new(&db).await;
    let old = world.submit("old").await;
    let (page, mut stream) = open(&world, "/jobs").await;
    assert_eq!(stream.response.headers()["content-type"], "text/event-stream");
    assert!(page.contains(&format!("id=\"job-{old}\"")));
    let new = world.submit("new").await;
    let message = until(&mut stream, &format!("job-{new}")).await.json();
    assert_eq!(ids(&message, "rows"), [format!("job-{new}"), format!("job-{old}")]);
    let row = message["parts"][format!("job-{new}")].as_str().unwrap();
    assert!(row.starts_with(&format!("<tr id=\"job-{new}\">")), "{row}");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_list_shows_what_it_was_asked_for_only(db: PgPool) {
    let world = World::new(&db).await;
    let (broken, fine) = (world.submit("broken").await, world.submit("fine").await);
    let (page, mut stream) = open(&world, "/jobs?status=failed&user=").await;
    assert!(page.contains("No job to be seen."), "{page}");
    end(&world, fine, "completed").await;
    end(&world, broken, "failed").await;
    let message = until(&mut stream, "broken").await.json();
    assert_eq!(ids(&message, "rows"), [format!("job-{broken}")]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn who_comes_back_is_told_what_changed_meanwhile_and_else_nothing(db: PgPool) {
    let world = World::new(&db).await;
    let first = world.submit("first").await;
    let (_, mut stream) = open(&world, "/jobs?status=submitted").await;
    let second = world.submit("second").await;
    let seen = until(&mut stream, "second").await.id;
    drop(stream);
    let mut back = Stream::open(&world, "/jobs/live?status=submitted", Some(&seen)).await;
    let third = world.submit("third").await;
    let message = until(&mut back, "third").await;
    let [first, second, third] = [first, second, third].map(|job| format!("job-{job}"));
    assert_eq!(ids(&message.json(), "rows"), [&*third, &second, &first]);
    drop(back);
    let mut late = Stream::open(&world, "/jobs/live?status=submitted", Some(&seen)).await;
    let message = late.next().await.unwrap().json();
    assert_eq!(ids(&message, "rows"), [&*third, &second, &first], "made good at once");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_shown_has_the_same_name_after_a_restart(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let path = format!("/jobs/{job}");
    let seen = attribute(&world.get(&path).await.text, "data-seen");
    world.stop().await;
    let world = World::new(&db).await;
    assert_eq!(attribute(&world.get(&path).await.text, "data-seen"), seen);
    let mut stream = Stream::open(&world, &format!("{path}/live"), Some(&seen)).await;
    world.say(job, &claim(1, "n1")).await;
    let message = stream.next().await.unwrap();
    assert!(message.data.contains("running"), "nothing was told before: {}", message.data);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_is_followed_to_its_end_and_no_further(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    let (_, mut stream) = open(&world, &format!("/jobs/{job}")).await;
    world.say(job, &claim(1, "n1")).await;
    let running = until(&mut stream, "running").await.json();
    assert!(ids(&running, "job").contains(&"now"));
    let done = json!({"attempt": 1, "sequence": 1, "node": "n1", "status": "completed",
                      "report": {"tables": [{"table": "marker", "rows": 7}]}});
    world.say(job, &done).await;
    let done = until(&mut stream, "What it wrote").await.json();
    assert!(!ids(&done, "job").contains(&"now"), "it is at nothing any more");
    assert_eq!(stream.next().await.unwrap().name, "over");
    assert_eq!(stream.next().await, None);
    let page = world.get(&format!("/jobs/{job}")).await.text;
    assert!(!page.contains("data-live"), "what does not change is not followed");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn who_saw_the_end_is_told_that_it_was(db: PgPool) {
    let world = World::new(&db).await;
    let job = world.submit("a").await;
    end(&world, job, "completed").await;
    let path = format!("/jobs/{job}/live");
    let seen = Stream::open(&world, &path, None).await.next().await.unwrap().id;
    let mut back = Stream::open(&world, &path, Some(&seen)).await;
    assert_eq!(back.next().await.unwrap().name, "over");
    assert_eq!(back.next().await, None);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn all_who_look_at_the_same_are_told_the_same(db: PgPool) {
    let world = World::new(&db).await;
    let (_, mut one) = open(&world, "/jobs").await;
    let (_, mut other) = open(&world, "/jobs").await;
    let (_, mut overview) = open(&world, "/").await;
    world.submit("a").await;
    let (one, other) = (until(&mut one, "job-").await, until(&mut other, "job-").await);
    assert_eq!((&one.id, &one.json()["lists"]), (&other.id, &other.json()["lists"]));
    until(&mut overview, "1 job").await;
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_jobs_of_an_instruction_are_followed(db: PgPool) {
    let world = World::new(&db).await;
    let (job, _) = (world.submit("mine").await, world.submit("another").await);
    let (page, mut stream) = open(&world, "/instructions/mine").await;
    assert!(page.contains(&format!("<li id=\"job-{job}\">")), "{page}");
    end(&world, job, "completed").await;
    let rerun = id(&world.post(&format!("/job/{job}/rerun"), &json!(null)).await.json());
    let message = until(&mut stream, &format!("job-{rerun}")).await.json();
    assert_eq!(ids(&message, "outcomes"), [format!("job-{rerun}"), format!("job-{job}")]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn open_pages_are_counted_among_the_streams(db: PgPool) {
    let world = World::with(&db, json!({"max_streams": 1})).await;
    let (_, first) = open(&world, "/jobs").await;
    let refused = Stream::open(&world, "/live", None).await.response;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    drop(first);
    while Stream::open(&world, "/live", None).await.response.status() != 200 {
        tokio::task::yield_now().await;
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_stopping_service_lets_open_pages_go(db: PgPool) {
    let world = World::new(&db).await;
    let (_, mut stream) = open(&world, "/jobs").await;
    world.stop().await;
    while stream.next().await.is_some() {}
}
