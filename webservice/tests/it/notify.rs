//! Others are told of the ends of jobs, until they have taken it or it is given up.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse as _, Response},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::PgPool;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    sync::watch,
    time::timeout,
};
use uuid::Uuid;

use crate::world::{GUARD, Reply, World, claim, id, patch};

const SECRET: [u8; 24] = [7; 24];

/// Somebody who is told, and answers with one status after the other; with the last one for ever.
struct Receiver {
    url: String,
    told: Arc<watch::Sender<Vec<Told>>>,
}

/// The head and the body of a request.
type Told = (HeaderMap, Vec<u8>);

impl Receiver {
    async fn new(answers: &'static [u16]) -> Self {
        Self::with(move |at| {
            let status = answers[at.min(answers.len() - 1)];
            StatusCode::from_u16(status).unwrap().into_response()
        })
        .await
    }

    async fn with(answer: impl Fn(usize) -> Response + Clone + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let told = Arc::new(watch::channel(Vec::new()).0);
        let (count, tell) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&told));
        let hear = move |headers: HeaderMap, body: Bytes| async move {
            tell.send_modify(|told: &mut Vec<_>| told.push((headers, body.to_vec())));
            answer(count.fetch_add(1, SeqCst))
        };
        let router = Router::new().route("/hook", post(hear));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, told }
    }

    fn hook(&self) -> Value {
        json!({"webhook": format!("{}/hook?a=b", self.url)})
    }

    /// Waits until it was told so often.
    async fn is_told(&self, times: usize) -> Vec<Told> {
        let mut told = self.told.subscribe();
        let told = timeout(GUARD, told.wait_for(|told| told.len() >= times)).await;
        told.expect("it is told").unwrap().clone()
    }
}

/// A service that may tell these, and tries twice.
async fn world(db: &PgPool, origins: &[&str], more: Value) -> World {
    let mut notifications = json!({"webhooks": origins, "private": true, "max_tries": 2,
        "first_retry_seconds": 0.01, "secret": format!("whsec_{}", STANDARD.encode(SECRET))});
    for (name, value) in more.as_object().unwrap() {
        notifications[name] = value.clone();
    }
    World::with(db, json!({"notifications": notifications})).await
}

fn order(key: &str, notify: &[Value]) -> Value {
    json!({"key": key, "kind": "sleep", "body": {"milliseconds": 1}, "notify": notify})
}

async fn submit(world: &World, notify: &[Value]) -> Uuid {
    let reply = world.post("/instruction", &order("k", notify)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    id(&reply.json()["job"])
}

/// Takes a job to its end.
async fn settle(world: &World, job: Uuid, status: &str) {
    assert_eq!(world.say(job, &claim(1, "n1")).await.status, 200);
    let mut last = patch(1, 1, "n1", Some(status));
    last["report"] = json!({"tables": [{"table": "marker", "rows": 3}]});
    assert_eq!(world.say(job, &last).await.status, 200);
}

/// Waits until the only notification has come so far.
async fn until(world: &World, status: &str) -> Value {
    let look = async {
        loop {
            let all = world.get("/notification").await.json()["items"].clone();
            match all.as_array().unwrap().as_slice() {
                [one] if one["status"] == status => return one.clone(),
                _ => tokio::task::yield_now().await,
            }
        }
    };
    timeout(GUARD, look).await.unwrap_or_else(|_| panic!("it becomes {status}"))
}

async fn count(db: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from notification").fetch_one(db).await.unwrap()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_webhook_is_signed_and_tried_again_until_it_is_taken(db: PgPool) {
    let receiver = Receiver::new(&[500, 204]).await;
    let world = world(&db, &[&receiver.url], json!({})).await;
    let job = submit(&world, &[receiver.hook()]).await;
    settle(&world, job, "completed").await;
    let told = receiver.is_told(2).await;
    let sent = until(&world, "sent").await;
    assert_eq!((&sent["tries"], &sent["to"]), (&json!(2), &receiver.hook()));
    let (headers, body) = &told[1];
    assert_eq!(text(headers, "webhook-id"), text(&told[0].0, "webhook-id"), "one message");
    let mut mac = Hmac::<Sha256>::new_from_slice(&SECRET).unwrap();
    let (id, at) = (text(headers, "webhook-id"), text(headers, "webhook-timestamp"));
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(body);
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(text(headers, "webhook-signature"), signature);
    let event: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(event["type"], "job.completed");
    assert_eq!(event["data"]["job"]["id"], json!(job));
    assert_eq!(event["data"]["job"]["report"]["tables"][0]["rows"], 3);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_given_up_is_listed_and_can_be_sent_again(db: PgPool) {
    let receiver = Receiver::new(&[503, 503, 200]).await;
    let world = world(&db, &[&receiver.url], json!({})).await;
    let job = submit(&world, &[receiver.hook()]).await;
    settle(&world, job, "failed").await;
    let dead = until(&world, "dead").await;
    assert!(dead["error"].as_str().unwrap().contains("503"), "{dead}");
    let metrics = world.get("/metrics").await.text;
    for line in [
        "digester_notifications_total{outcome=\"failed\"} 1",
        "digester_notifications_total{outcome=\"dead\"} 1",
        "digester_dead_notifications 1",
        "digester_waiting_notifications 0",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    let listed = world.get("/notification?status=dead").await.json();
    assert_eq!(listed["items"], json!([dead]));
    let resend = format!("/notification/{}/resend", dead["id"]);
    assert_eq!(world.post(&resend, &json!(null)).await.status, 202);
    until(&world, "sent").await;
    assert_eq!(receiver.is_told(3).await.len(), 3);
    let again = world.post(&resend, &json!(null)).await;
    assert_eq!((again.status, &*again.problem()), (404, "not-found"), "it is not dead any more");
    assert_eq!(world.get("/notification?status=dead").await.json()["items"], json!([]));
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn whatever_way_a_job_ends_it_is_told_once_and_a_rerun_anew(db: PgPool) {
    let receiver = Receiver::new(&[200]).await;
    let world = world(&db, &[&receiver.url], json!({})).await;
    let job = submit(&world, &[receiver.hook(), receiver.hook()]).await;
    assert_eq!(count(&db).await, 0, "nothing is to be told yet");
    world.post(&format!("/job/{job}/cancel"), &json!(null)).await;
    world.post(&format!("/job/{job}/cancel"), &json!(null)).await;
    assert_eq!(count(&db).await, 2);
    let rerun = id(&world.post(&format!("/job/{job}/rerun"), &json!(null)).await.json());
    settle(&world, rerun, "completed").await;
    let repeated = patch(1, 1, "n1", Some("completed"));
    assert_eq!(world.say(rerun, &repeated).await.status, 200, "a repeat is harmless");
    assert_eq!(count(&db).await, 4);
    let mut types: Vec<String> = Vec::new();
    for (_, body) in receiver.is_told(4).await {
        let event: Value = serde_json::from_slice(&body).unwrap();
        types.push(event["type"].as_str().unwrap().to_owned());
    }
    types.sort();
    assert_eq!(types, ["job.cancelled", "job.cancelled", "job.completed", "job.completed"]);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_that_is_given_up_with_its_node_is_told(db: PgPool) {
    let receiver = Receiver::new(&[200]).await;
    let settings = json!({"lease": {"max_cut_short": 1}, "notifications":
        {"webhooks": [receiver.url], "private": true}});
    let world = World::with(&db, settings).await;
    world.register("n1").await;
    let job = submit(&world, &[receiver.hook()]).await;
    assert_eq!(world.say(job, &claim(1, "n1")).await.status, 200);
    world.register("n1").await;
    let (headers, body) = receiver.is_told(1).await.remove(0);
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["type"], "job.failed");
    assert!(headers.get("webhook-signature").is_none(), "without a secret nothing is signed");
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_job_that_nobody_is_to_be_told_of_leaves_nothing(db: PgPool) {
    let world = world(&db, &[], json!({})).await;
    let job = submit(&world, &[]).await;
    settle(&world, job, "completed").await;
    assert_eq!(count(&db).await, 0);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_redirect_is_not_followed(db: PgPool) {
    let target = Receiver::new(&[200]).await;
    let elsewhere = format!("{}/hook", target.url);
    let receiver = Receiver::with(move |_| {
        (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, elsewhere.clone())]).into_response()
    });
    let receiver = receiver.await;
    let world = world(&db, &[&receiver.url, &target.url], json!({})).await;
    let job = submit(&world, &[receiver.hook()]).await;
    settle(&world, job, "completed").await;
    let dead = until(&world, "dead").await;
    assert!(dead["error"].as_str().unwrap().contains("307"), "{dead}");
    assert_eq!(target.told.borrow().len(), 0);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_that_is_not_public_is_not_called_and_given_up_at_once(db: PgPool) {
    let receiver = Receiver::new(&[200]).await;
    let port = receiver.url.rsplit(':').next().unwrap();
    let named = format!("http://localhost:{port}");
    let world = world(&db, &[&named], json!({"private": false})).await;
    let hook = json!({"webhook": format!("{named}/hook")});
    let job = submit(&world, &[hook]).await;
    settle(&world, job, "completed").await;
    let dead = until(&world, "dead").await;
    assert_eq!(dead["tries"], 1);
    assert!(dead["error"].as_str().unwrap().contains("not a public address"), "{dead}");
    assert_eq!(receiver.told.borrow().len(), 0);
    world.stop().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn who_may_not_be_told_is_refused_when_the_instruction_comes(db: PgPool) {
    let refused = |reply: Reply| assert_eq!((reply.status, &*reply.problem()), (422, "invalid"));
    let off = World::new(&db).await;
    let hook = json!({"webhook": "https://hooks.example.org/x"});
    refused(off.post("/instruction", &order("k", std::slice::from_ref(&hook))).await);
    off.stop().await;
    let smtp = json!({"host": "localhost", "encryption": "none", "from": "d@example.org",
                      "domains": ["example.org"]});
    let world = world(&db, &["https://hooks.example.org"], json!({"smtp": smtp})).await;
    let mail = |to: &str| json!({"email": to});
    let url = |url: &str| json!({"webhook": url});
    for notify in [
        url("https://other.example.org/x"),
        url("http://hooks.example.org/x"),
        url("https://user:pw@hooks.example.org/x"),
        url("no URL"),
        mail("a@other.org"),
        mail("nobody"),
    ] {
        refused(world.post("/instruction", &order("k", &[notify])).await);
    }
    refused(world.post("/instruction", &order("k", &vec![hook.clone(); 9])).await);
    submit(&world, &[hook, mail("a@Example.org")]).await;
    world.stop().await;
}

/// An SMTP server that takes one letter after another; the first is put off.
async fn mail_server() -> (u16, Arc<watch::Sender<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let letters = Arc::new(watch::channel(Vec::new()).0);
    let taken = Arc::clone(&letters);
    tokio::spawn(async move {
        let mut puts_off = true;
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 test\r\n").await.unwrap();
            while let Ok(Some(line)) = lines.next_line().await {
                let answer = match line.split(' ').next().unwrap() {
                    "RCPT" if std::mem::take(&mut puts_off) => "451 later\r\n",
                    "DATA" => "354 go on\r\n",
                    "QUIT" => "221 bye\r\n",
                    _ => "250 well\r\n",
                };
                write.write_all(answer.as_bytes()).await.unwrap();
                if line != "DATA" {
                    continue;
                }
                let mut letter = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    letter += &format!("{line}\n");
                }
                taken.send_modify(|all: &mut Vec<_>| all.push(letter));
                write.write_all(b"250 taken\r\n").await.unwrap();
            }
        }
    });
    (port, letters)
}

#[sqlx::test(migrations = "../migrations")]
async fn a_letter_is_handed_in_again_when_it_was_put_off(db: PgPool) {
    let (port, letters) = mail_server().await;
    let smtp = json!({"host": "127.0.0.1", "port": port, "encryption": "none",
                      "from": "Digester <digester@example.org>"});
    let world = world(&db, &[], json!({"smtp": smtp})).await;
    let job = submit(&world, &[json!({"email": "ann@example.org"})]).await;
    settle(&world, job, "failed").await;
    let mut taken = letters.subscribe();
    let taken = timeout(GUARD, taken.wait_for(|all| !all.is_empty())).await.unwrap();
    let letter = taken.unwrap()[0].clone();
    for part in [
        "From: Digester <digester@example.org>",
        "To: ann@example.org",
        "Subject: [digester] k Failed",
        "Message-ID: <ntf_",
        "text/html",
    ] {
        assert!(letter.contains(part), "{part} in {letter}");
    }
    assert_eq!(until(&world, "sent").await["tries"], 2);
    world.stop().await;
}
