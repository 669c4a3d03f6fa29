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
    /// Has no room, and wants to be asked again after so many seconds.
    Full(&'static str),
    Broken,
    /// Never answers.
    Hangs,
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

    fn take(&self, mood: Mood, request: Value) -> Option<Value> {
        if matches!(mood, Mood::Only(kind) if request["job"]["kind"] != kind) {
            return None;
        }
        let taken = json!({"id": request["job"]["id"], "node": self.name, "already_held": false});
        self.taken.send_modify(|all| all.push(request));
        Some(taken)
    }

    fn item(&self, mood: Mood, request: Value) -> Value {
        let id = request["job"]["id"].clone();
        match self.take(mood, request) {
            Some(taken) => json!({"id": id, "taken": taken}),
            None => json!({"id": id, "problem": {"type": "", "title": "", "status": 422}}),
        }
    }

    /// Makes itself known.
    async fn registers(&self, world: &World, held: u32, kinds: &[&str]) {
        let more = json!({"address": self.url, "held": held, "kinds": kinds});
        let reply = world.beat(self.name, Uuid::now_v7(), more).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }

    /// Says that it lives, over and over, until this has come about.
    async fn lives<T>(&self, world: &World, until: impl Future<Output = T>) -> T {
        let boot = Uuid::now_v7();
        let beats = async {
            loop {
                world.beat(self.name, boot, json!({"address": self.url})).await;
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            came = until => came,
            () = beats => unreachable!("it goes on for ever"),
        }
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
    match (mood, request) {
        (Mood::Full(until), _) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, until)]).into_response()
        }
        (Mood::Broken, _) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        (Mood::Hangs, _) => std::future::pending().await,
        (_, Value::Array(requests)) => {
            let items: Vec<_> = requests.into_iter().map(|one| fake.item(mood, one)).collect();
            Json(items).into_response()
        }
        (mood, request) => match fake.take(mood, request) {
            Some(taken) => (StatusCode::ACCEPTED, Json(taken)).into_response(),
            None => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        },
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
async fn a_job_that_another_web_service_accepted_is_handed_over_too(db: PgPool) {
    let fake = Fake::new("n1", Mood::Takes).await;
    let (world, other) = (world(&db, &[&fake]).await, World::new(&db).await);
    let ours = world.submit("ours").await;
    assert_eq!(fake.has(1).await, [ours]);
    let theirs = other.submit("theirs").await;
    assert_eq!(fake.has(2).await, [ours, theirs]);
    world.stop().await;
    other.stop().await;
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
    for mood in [Mood::Full("0"), Mood::Broken] {
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
async fn a_job_that_was_cancelled_while_all_were_full_is_offered_to_nobody(db: PgPool) {
    let fake = Fake::new("n1", Mood::Full("1")).await;
    let world = world(&db, &[&fake]).await;
    let first = world.submit("first").await;
    fake.was_asked(1).await;
    let cancelled = world.submit("cancelled").await;
    let reply = world.post(&format!("/job/{cancelled}/cancel"), &json!(null)).await;
    assert_eq!(reply.json()["status"], "cancelled");
    fake.is(Mood::Takes);
    assert_eq!(fake.has(1).await, [first]);
    let last = world.submit("last").await;
    assert_eq!(fake.has(2).await, [first, last]);
    world.stop().await;
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
    let here = Fake::new("n1", Mood::Takes).await;
    let (broken, hung) = (Fake::new("n2", Mood::Broken).await, Fake::new("n3", Mood::Hangs).await);
    let world = world(&db, &[&broken, &hung, &here]).await;
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
    world.until(job, |job| job["node"] == "n1").await;
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
    world.until(job, |job| job["node"] == "n1").await;
    world.post(&format!("/job/{job}/cancel"), &json!(null)).await;
    let again = id(&world.post(&format!("/job/{job}/rerun"), &json!(null)).await.json());
    assert_eq!(fake.has(2).await, [job, again]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_node_that_makes_itself_known_is_handed_what_waited_for_it_many_at_once(db: PgPool) {
    let fake = Fake::new("n1", Mood::Takes).await;
    let world = world(&db, &[]).await;
    let jobs = submit(&world, 0..8).await;
    fake.registers(&world, 0, &["sleep"]).await;
    assert_eq!(fake.has(8).await, jobs);
    assert_eq!(*fake.asked.borrow(), 2, "a batch is four");
    assert!(fake.taken.borrow().iter().all(|request| request["job"]["traceparent"].is_string()));
    for job in jobs {
        world.until(job, |job| job["node"] == "n1").await;
    }
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn jobs_go_to_the_least_loaded_node_that_serves_their_kind(db: PgPool) {
    let busy = Fake::new("busy", Mood::Takes).await;
    let idle = Fake::new("idle", Mood::Takes).await;
    let other = Fake::new("other", Mood::Takes).await;
    let world = world(&db, &[]).await;
    busy.registers(&world, 9, &["sleep"]).await;
    idle.registers(&world, 0, &["sleep"]).await;
    other.registers(&world, 0, &["extractor"]).await;
    let jobs = submit(&world, 0..4).await;
    let mut taken = idle.has(4).await;
    taken.sort();
    assert_eq!(taken, jobs);
    assert_eq!((*busy.asked.borrow(), *other.asked.borrow()), (0, 0));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_known_node_that_is_full_is_left_alone_while_others_get_jobs(db: PgPool) {
    let full = Fake::new("full", Mood::Full("0")).await;
    let here = Fake::new("here", Mood::Takes).await;
    let world = world(&db, &[]).await;
    full.registers(&world, 0, &["sleep"]).await;
    here.registers(&world, 5, &["sleep"]).await;
    let jobs = submit(&world, 0..9).await;
    let mut taken = here.has(9).await;
    taken.sort();
    assert_eq!(taken, jobs);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_waited_at_a_node_whose_lease_lapsed_is_handed_to_another(db: PgPool) {
    let (gone, here) = (Fake::new("n1", Mood::Takes).await, Fake::new("n2", Mood::Takes).await);
    let world = World::with(&db, json!({"lease": {"seconds": 1}})).await;
    let jobs = submit(&world, 0..3).await;
    assert_eq!(gone.lives(&world, gone.has(3)).await, jobs);
    assert_eq!(here.lives(&world, here.has(3)).await, jobs);
    for job in jobs {
        let history = world.history(job).await;
        assert_eq!(history, ["submitted 0 accepted"], "nothing happened that its owner minds");
    }
    world.stop().await;
}
