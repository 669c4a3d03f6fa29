//! Submitted jobs on their way to digester services.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{net::TcpListener, sync::watch, time::timeout};
use uuid::Uuid;

use crate::world::{GUARD, World, claim, id, patch};

/// What a fake digester service does with what it is handed.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Takes,
    Full,
    Broken,
    /// Takes nothing but this kind.
    Only(&'static str),
}

/// A digester service that remembers what it was asked.
#[derive(Clone)]
struct Fake {
    name: &'static str,
    url: String,
    mood: Arc<Mutex<Mood>>,
    taken: Arc<watch::Sender<Vec<Value>>>,
    asked: Arc<watch::Sender<usize>>,
}

impl Fake {
    async fn new(name: &'static str, mood: Mood) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), name, mood)
    }

    fn on(listener: TcpListener, name: &'static str, mood: Mood) -> Self {
        let fake = Self {
            name,
            url: format!("http://{}", listener.local_addr().unwrap()),
            mood: Arc::new(Mutex::new(mood)),
            taken: Arc::new(watch::channel(Vec::new()).0),
            asked: Arc::new(watch::channel(0).0),
        };
        let router = Router::new().route("/job", post(take)).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Waits until it has taken so many jobs.
    async fn has(&self, count: usize) -> Vec<Uuid> {
        let mut taken = self.taken.subscribe();
        let taken = timeout(GUARD, taken.wait_for(|taken| taken.len() >= count));
        let taken = taken.await.expect("the jobs come").unwrap().clone();
        taken.iter().map(|request| id(&request["job"])).collect()
    }

    /// Waits until it was asked so often.
    async fn was_asked(&self, count: usize) {
        let mut asked = self.asked.subscribe();
        timeout(GUARD, asked.wait_for(|asked| *asked >= count))
            .await
            .expect("it is asked")
            .unwrap();
    }
}

async fn take(State(fake): State<Fake>, Json(request): Json<Value>) -> Response {
    fake.asked.send_modify(|asked| *asked += 1);
    let mood = *fake.mood.lock().unwrap();
    match mood {
        Mood::Full => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "0")]).into_response(),
        Mood::Broken => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mood::Only(kind) if request["job"]["kind"] != kind => {
            StatusCode::UNPROCESSABLE_ENTITY.into_response()
        }
        Mood::Takes | Mood::Only(_) => {
            let answer =
                json!({"id": request["job"]["id"], "node": fake.name, "already_held": false});
            fake.taken.send_modify(|taken| taken.push(request));
            (StatusCode::ACCEPTED, Json(answer)).into_response()
        }
    }
}

async fn world(db: &PgPool, digesters: &[&Fake]) -> World {
    let urls: Vec<_> = digesters.iter().map(|fake| &fake.url).collect();
    let forward = json!({"digesters": urls, "poll_seconds": 1, "max_backoff_seconds": 1,
                         "batch": 4, "deadline_seconds": 7});
    World::with(db, json!({"forward": forward})).await
}

async fn submit(world: &World, keys: impl IntoIterator<Item = usize>) -> Vec<Uuid> {
    let mut jobs = Vec::new();
    for key in keys {
        jobs.push(world.submit(&key.to_string()).await);
    }
    jobs
}

#[sqlx::test(migrations = "../migrations")]
async fn a_submitted_job_is_handed_over_whole(db: PgPool) {
    let fake = Fake::new("n1", Mood::Takes).await;
    let world = world(&db, &[&fake]).await;
    let job = world.submit("a").await;
    fake.has(1).await;
    let request = fake.taken.borrow()[0].clone();
    assert_eq!(request["job"]["key"], "a");
    assert_eq!(request["job"]["instruction"], json!({"milliseconds": 1}));
    assert_eq!(request["config"]["callback"], world.url);
    assert_eq!(request["config"]["deadline_seconds"], 7);
    world.until(job, |job| job["node"] == "n1").await;
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn jobs_wait_for_a_digester_service_that_is_down_and_come_in_order(db: PgPool) {
    let place = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = place.local_addr().unwrap();
    drop(place);
    let url = format!("http://{address}");
    let forward = json!({"digesters": [url], "poll_seconds": 1, "max_backoff_seconds": 1});
    let world = World::with(&db, json!({"forward": forward})).await;
    let jobs = submit(&world, 0..3).await;
    let fake = Fake::on(TcpListener::bind(address).await.unwrap(), "n1", Mood::Takes);
    assert_eq!(fake.has(3).await, jobs);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn jobs_wait_for_a_digester_service_that_is_full_or_broken(db: PgPool) {
    for mood in [Mood::Full, Mood::Broken] {
        let fake = Fake::new("n1", mood).await;
        let world = world(&db, &[&fake]).await;
        let job = world.submit(&Uuid::now_v7().to_string()).await;
        fake.was_asked(2).await;
        assert_eq!(world.job(job).await["status"], "submitted");
        fake.is(Mood::Takes);
        assert_eq!(fake.has(1).await, [job]);
        world.until(job, |job| job["node"] == "n1").await;
        world.stop().await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_is_handed_to_one_node(db: PgPool) {
    let (one, two) = (Fake::new("n1", Mood::Takes).await, Fake::new("n2", Mood::Takes).await);
    let world = world(&db, &[&one, &two]).await;
    let jobs = submit(&world, 0..30).await;
    for &job in &jobs {
        world.until(job, |job| job["node"].is_string()).await;
    }
    let mut taken = one.has(0).await;
    taken.extend(two.has(0).await);
    taken.sort();
    assert_eq!(taken, jobs, "each once");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_is_away_does_not_keep_jobs_from_another(db: PgPool) {
    let (away, here) = (Fake::new("n1", Mood::Broken).await, Fake::new("n2", Mood::Takes).await);
    let world = world(&db, &[&away, &here]).await;
    let mut jobs = submit(&world, 0..9).await;
    let mut taken = here.has(9).await;
    taken.sort();
    jobs.sort();
    assert_eq!(taken, jobs);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn jobs_that_nobody_wants_do_not_keep_others_from_their_turn(db: PgPool) {
    let fake = Fake::new("n1", Mood::Only("wanted")).await;
    let world = world(&db, &[&fake]).await;
    let unwanted = submit(&world, 0..9).await;
    let order = json!({"key": "w", "kind": "wanted", "body": {}});
    let wanted = id(&world.post("/instruction", &order).await.json()["job"]);
    assert_eq!(fake.has(1).await, [wanted]);
    fake.is(Mood::Takes);
    let mut taken = fake.has(10).await.split_off(1);
    taken.sort();
    assert_eq!(taken, unwanted, "they are offered again");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_that_was_handed_back_is_handed_over_again(db: PgPool) {
    let fake = Fake::new("n1", Mood::Takes).await;
    let world = world(&db, &[&fake]).await;
    let job = world.submit("a").await;
    fake.has(1).await;
    world.say(job, &claim(1, "n1")).await;
    world.say(job, &patch(1, 1, "n1", Some("submitted"))).await;
    assert_eq!(fake.has(2).await, [job, job]);
    assert_eq!(fake.taken.borrow()[1]["job"]["attempt"], 1);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_rerun_is_handed_over_like_any_job(db: PgPool) {
    let fake = Fake::new("n1", Mood::Takes).await;
    let world = world(&db, &[&fake]).await;
    let job = world.submit("a").await;
    fake.has(1).await;
    world.post(&format!("/job/{job}/cancel"), &json!(null)).await;
    let again = id(&world.post(&format!("/job/{job}/rerun"), &json!(null)).await.json());
    assert_eq!(fake.has(2).await, [job, again]);
    world.stop().await;
}
