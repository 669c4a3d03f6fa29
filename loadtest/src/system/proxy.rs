//! A proxy on loopback that does to requests what networks do.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
};

use super::{
    message::Message,
    weather::{Fate, Weather},
};
use crate::dice::Dice;

/// Stands before a service; whoever calls it calls the service.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) port: u16,
    road: Arc<Road>,
    listening: JoinHandle<()>,
}

/// The way to the service.
struct Road {
    upstream: u16,
    weather: Mutex<(Weather, Dice)>,
    requests: AtomicU64,
    harmed: AtomicU64,
}

type Line = (BufReader<OwnedReadHalf>, OwnedWriteHalf);

impl Proxy {
    /// Stands before the service at this port.
    pub(crate) async fn start(upstream: u16, dice: Dice) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("bind the proxy")?;
        let port = listener.local_addr()?.port();
        let road = Arc::new(Road {
            upstream,
            weather: Mutex::new((Weather::FAIR, dice)),
            requests: AtomicU64::new(0),
            harmed: AtomicU64::new(0),
        });
        let listening = tokio::spawn(listen(listener, Arc::clone(&road)));
        Ok(Self { port, road, listening })
    }

    /// From now on the network is like this.
    pub(crate) fn set(&self, weather: Weather) {
        self.road.weather.lock().unwrap_or_else(PoisonError::into_inner).0 = weather;
    }

    /// How many requests came, and to how many of them something happened.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.road.requests.load(Relaxed), self.road.harmed.load(Relaxed))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Road {
    fn fate(&self) -> Fate {
        let mut weather = self.weather.lock().unwrap_or_else(PoisonError::into_inner);
        let (weather, dice) = &mut *weather;
        let fate = weather.fate(dice);
        self.requests.fetch_add(1, Relaxed);
        self.harmed.fetch_add(u64::from(fate != Fate::Pass), Relaxed);
        fate
    }
}

async fn listen(listener: TcpListener, road: Arc<Road>) {
    while let Ok((stream, _)) = listener.accept().await {
        let road = Arc::clone(&road);
        // A broken connection is what callers are to cope with.
        tokio::spawn(async move { drop(carry(stream, road).await) });
    }
}

/// Carries what comes over one connection, until either side or fate breaks it.
async fn carry(stream: TcpStream, road: Arc<Road>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut caller) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut line = None;
    while let Some(request) = Message::read(&mut read).await? {
        match road.fate() {
            Fate::Pass => {}
            Fate::Delay(pause) => tokio::time::sleep(pause).await,
            Fate::LoseRequest => return Ok(()),
            Fate::LoseResponse => return deliver(&request, &road, &mut line).await.map(drop),
            Fate::Late(pause) => {
                deliver_later(request, &road, pause);
                return Ok(());
            }
            Fate::Echo(pause) => deliver_later(request.clone(), &road, pause),
        }
        let response = deliver(&request, &road, &mut line).await?;
        caller.write_all(&response.bytes()).await?;
    }
    Ok(())
}

async fn deliver(request: &Message, road: &Road, line: &mut Option<Line>) -> io::Result<Message> {
    if line.is_none() {
        let stream = TcpStream::connect(("127.0.0.1", road.upstream)).await?;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        *line = Some((BufReader::new(read), write));
    }
    let (read, write) = line.as_mut().ok_or(io::ErrorKind::NotConnected)?;
    write.write_all(&request.bytes()).await?;
    Message::read(read).await?.ok_or_else(|| io::ErrorKind::ConnectionReset.into())
}

fn deliver_later(request: Message, road: &Arc<Road>, pause: std::time::Duration) {
    let road = Arc::clone(road);
    tokio::spawn(async move {
        tokio::time::sleep(pause).await;
        drop(deliver(&request, &road, &mut None).await);
    });
}
