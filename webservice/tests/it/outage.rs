//! The database goes away and comes back.

use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, PgPool};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UnixStream},
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};

use crate::world::{World, claim, instruction};

/// A way to the database that can be cut and mended.
struct Line {
    port: u16,
    server: String,
    up: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Line {
    async fn new(db: &PgPool) -> Self {
        let options = db.connect_options();
        let server = match options.get_socket() {
            Some(folder) => format!("{}/.s.PGSQL.{}", folder.display(), options.get_port()),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        };
        let mut line = Self { port: 0, server, up: None };
        line.mend().await;
        line
    }

    async fn mend(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let (cut, is_cut) = oneshot::channel();
        self.up = Some((cut, tokio::spawn(pass_on(listener, self.server.clone(), is_cut))));
    }

    async fn cut(&mut self) {
        let (cut, up) = self.up.take().unwrap();
        cut.send(()).unwrap();
        up.await.unwrap();
    }
}

async fn pass_on(listener: TcpListener, server: String, mut cut: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                connections.spawn(connect(accepted.unwrap().0, server.clone()));
            }
            _ = &mut cut => break,
        }
    }
    connections.shutdown().await;
}

async fn connect(mut client: TcpStream, server: String) {
    if server.starts_with('/') {
        let mut server = UnixStream::connect(server).await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    } else {
        let mut server = TcpStream::connect(server).await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}

fn through(line: &Line, db: &PgPool) -> Value {
    let mut url = db.connect_options().to_url_lossy();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(line.port)).unwrap();
    json!({"url": url.as_str(), "max_connections": 3, "acquire_seconds": 1})
}

#[sqlx::test(migrations = "../migrations")]
async fn an_outage_of_the_database_is_told_as_such_and_over_when_it_is_over(db: PgPool) {
    let mut line = Line::new(&db).await;
    let world = World::at(through(&line, &db), json!({})).await;
    let job = world.submit("a").await;
    line.cut().await;
    let refused = [
        world.post("/instruction", &instruction("b")).await,
        world.get("/job").await,
        world.say(job, &claim(1, "n1")).await,
        world.patch("/job", &json!([{"id": job, "patch": claim(1, "n1")}])).await,
    ];
    for reply in refused {
        assert_eq!((reply.status, &*reply.problem()), (503, "unavailable"));
        assert!(reply.headers.contains_key("retry-after"));
    }
    assert_eq!(world.get("/health/live").await.status, 200);
    line.mend().await;
    assert_eq!(world.say(job, &claim(1, "n1")).await.status, 200);
    world.submit("b").await;
    world.stop().await;
    line.cut().await;
}

#[sqlx::test(migrations = false)]
async fn a_service_started_before_its_database_waits_for_it(db: PgPool) {
    let mut line = Line::new(&db).await;
    line.cut().await;
    let world = World::at(through(&line, &db), json!({})).await;
    assert_eq!(world.get("/health/ready").await.status, 503);
    line.mend().await;
    while world.get("/health/ready").await.status != 200 {
        tokio::task::yield_now().await;
    }
    world.submit("a").await;
    world.stop().await;
    line.cut().await;
}
