//! Services restarted one after the other, while there is work.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use reqwest::Client;
use schema::{Job, JobStatus, Page};
use serde_json::json;
use sqlx::PgPool;

use crate::system::{Process, System, free_port, until};

/// How often a balancer asks who is ready.
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// Somebody who submits one job after the other, through a balancer that asks who is ready.
struct Load {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Result<(), String>>>,
}

impl Load {
    fn on(ports: [u16; 2]) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let submit = {
            let over = Arc::clone(&over);
            async move {
                let client = edge::client().build().unwrap();
                let mut answers = Vec::new();
                let mut ready = Vec::new();
                while !over.load(Relaxed) {
                    ready = who_is_ready(&client, ports, ready, answers.len()).await;
                    let Some(port) = ready.first() else { continue };
                    answers.push(submit(&client, *port).await);
                }
                answers
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { over, thread: thread::spawn(move || runtime.block_on(submit)) }
    }

    /// What was answered to each submission.
    fn end(self) -> Vec<Result<(), String>> {
        self.over.store(true, Relaxed);
        self.thread.join().unwrap()
    }
}

/// Asks both before every few submissions, and pauses between two rounds.
async fn who_is_ready(
    client: &Client,
    ports: [u16; 2],
    before: Vec<u16>,
    submitted: usize,
) -> Vec<u16> {
    if !submitted.is_multiple_of(10) && !before.is_empty() {
        return before;
    }
    tokio::time::sleep(CHECK_EVERY).await;
    let mut ready = Vec::new();
    for port in ports {
        let asked = client.get(format!("http://127.0.0.1:{port}/health/ready")).send().await;
        if asked.is_ok_and(|answer| answer.status().is_success()) {
            ready.push(port);
        }
    }
    ready
}

async fn submit(client: &Client, port: u16) -> Result<(), String> {
    let order = json!({"kind": "sleep", "body": {"milliseconds": 1}});
    let sent = client.post(format!("http://127.0.0.1:{port}/instruction")).json(&order).send();
    match sent.await {
        Ok(answer) if answer.status() == 201 => Ok(()),
        Ok(answer) => Err(answer.status().to_string()),
        Err(error) => Err(format!("{error:?}")),
    }
}

fn until_ready(port: u16) {
    until(&format!("the web service at {port} is ready"), || {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
        use std::io::{Read as _, Write as _};
        stream.write_all(b"GET /health/ready HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.contains("200 OK").then_some(())
    });
}

fn restart(mut process: Process, start: impl FnOnce() -> Process) -> Process {
    process.terminate();
    assert!(process.0.wait().unwrap().success());
    start()
}

fn until_all_are_completed(system: &System, count: usize) {
    until("every job is completed", || {
        let page = system.ask(&["jobs", "--unsettled", "--limit", "1"])?;
        let page: Page<Job> = serde_json::from_value(page).unwrap();
        page.items.is_empty().then_some(())
    });
    let page = system.ask(&["jobs", "--limit", "500"]).unwrap();
    let page: Page<Job> = serde_json::from_value(page).unwrap();
    assert!(page.items.len() >= count.min(500));
    for job in page.items {
        assert_eq!((job.status, job.cut_short), (JobStatus::Completed, 0), "{job:?}");
    }
}

#[sqlx::test]
async fn restarting_web_services_and_nodes_in_turn_fails_no_request_and_loses_no_job(db: PgPool) {
    let system = System::new(&db);
    let ports = [system.web_port(), free_port()];
    let mut webs = ports.map(|port| {
        let web = system.start_web(port);
        until_ready(port);
        Some(web)
    });
    let node = system.start("service");
    system.until_live(&["node-a"]);
    let load = Load::on(ports);
    for (port, web) in ports.into_iter().zip(&mut webs) {
        system.submit_sleep(1);
        *web = web.take().map(|web| restart(web, || system.start_web(port)));
        until_ready(port);
    }
    let _node = restart(node, || system.start("service"));
    system.until_live(&["node-a"]);
    system.submit_sleep(1);
    let answers = load.end();

    let failed: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert!(failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), answers.len());
    until_all_are_completed(&system, answers.len());
}
