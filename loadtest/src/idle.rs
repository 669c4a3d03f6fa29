//! Many connections that say nothing: what they cost, and whether others are served meanwhile.

use std::{
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::say;

/// How long somebody who asks waits for the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many connections are opened between two questions.
const STEP: usize = 100;
/// File descriptors that are needed for other things.
const OTHERS: u64 = 100;
/// A request whose head never ends.
const HALF: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: x\r\n";
/// A request to be answered, on a connection of its own.
const WHOLE: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Which service, and how many.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where the service listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    service: SocketAddr,
    /// The service's process, to see what it takes.
    #[arg(long)]
    pid: u32,
    /// How many connections are opened, and begin a request that they never end.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
}

/// Opens them all, and asks now and then like anybody else.
pub(crate) async fn run(args: Args) -> anyhow::Result<bool> {
    make_room(args.connections as u64 + OTHERS)?;
    let before = resident_kib(args.pid)?;
    let (mut idle, mut waits) = (Vec::with_capacity(args.connections), Vec::new());
    while idle.len() < args.connections {
        for _ in 0..STEP.min(args.connections - idle.len()) {
            idle.push(half_open(args.service).await?);
        }
        waits.push(ask(args.service).await?);
    }
    let after = resident_kib(args.pid)?;
    waits.sort_unstable();
    let wait = |share: usize| waits[(waits.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    say::result(&format!("idle connections   {}", idle.len()))?;
    say::result(&format!("memory before      {before} KiB"))?;
    say::result(&format!("memory after       {after} KiB"))?;
    say::result(&format!("others asked       {}, all were answered", waits.len()))?;
    say::result(&format!(
        "they waited        {:.1} ms (median), {:.1} ms (99 %), {:.1} ms at most",
        wait(50),
        wait(99),
        wait(100)
    ))?;
    Ok(true)
}

/// Has this process open so many files.
fn make_room(files: u64) -> anyhow::Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= files) {
        return Ok(());
    }
    if maximum.is_some_and(|maximum| maximum < files) {
        bail!("{files} files are needed, and {maximum:?} allowed: raise `ulimit -Hn`");
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum })
        .context("raise the number of files that may be open")
}

async fn half_open(service: SocketAddr) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(service).await.context("open a connection")?;
    stream.write_all(HALF).await.context("begin a request")?;
    Ok(stream)
}

/// How long somebody waits who asks now.
async fn ask(service: SocketAddr) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let asked = async {
        let mut stream = TcpStream::connect(service).await?;
        stream.write_all(WHOLE).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.map(|_| answer)
    };
    let answer = timeout(PATIENCE, asked).await.context("nobody was answered")?;
    let answer = answer.context("ask like anybody else")?;
    ensure!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    Ok(begin.elapsed())
}

/// What a process has in memory.
fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    let status =
        fs::read_to_string(format!("/proc/{pid}/status")).context("look at the process")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.context("the system does not tell what the process has in memory")
}
