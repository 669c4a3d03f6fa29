//! F13: a disk is full for a while: that of a node's state, that of a digest, and the database's.

use std::{
    fs::{self, File, Permissions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, ensure};

use crate::system::{Cluster, Settings, System, until};

use super::{
    super::{Bench, line::Line, order::Order, published::published, submit, trial::Trial},
    Figure,
};

/// Enough for a node's state, or for the sample's digest.
const SMALL: &str = "size=1m";
/// Enough for a new database server, and its write-ahead log.
const LARGE: &str = "size=160m";
/// How long the disk stays full.
const FULL: Duration = Duration::from_secs(2);
/// How long everything may take once there is room again.
const PATIENCE: Duration = Duration::from_secs(60);

/// A small file system, given back when dropped.
struct Disk(PathBuf);

impl Disk {
    /// Mounts one here, if we may.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).ok()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", size, "tmpfs"]).arg(at);
        let mounted = mount.output().ok()?.status.success();
        mounted.then(|| Self(at.to_owned()))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Leaves no room for anything.
    fn fill(&self) -> anyhow::Result<()> {
        let mut filler = File::options().create(true).append(true).open(self.filler())?;
        for size in [4096, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
        Ok(())
    }

    fn clear(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.filler())?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).output());
    }
}

/// One disk after the other.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let mut trial = Trial::make(bench, Figure::F13, Settings::default()).await?;
    let Some(state) = Disk::mount(&trial.system.state("node-1"), SMALL) else {
        return Ok(Line::not_yet(Figure::F13, "the right to mount a small file system"));
    };
    trial.system.start().await?;
    of_a_state(&mut trial, &state).await.context("a node's state")?;
    of_a_digest(&mut trial).await.context("a digest")?;
    let retries = of_the_database(bench).await.context("the database")?;
    let line = Line::of(Figure::F13, format!("3 disks, {} jobs and again", bench.args.jobs));
    let result = format!(
        "a node's state; a digest, which left nothing; the database, with {retries} answers 503"
    );
    trial.finish(Line { result, ..line }).await
}

/// Jobs run while their node can write nothing down.
async fn of_a_state(trial: &mut Trial<'_>, disk: &Disk) -> anyhow::Result<()> {
    disk.fill()?;
    let orders = trial.orders(Order::mixed);
    submit::start(&trial.system, &trial.ledger, orders, FULL).await??;
    tokio::time::sleep(FULL / 2).await;
    trial.survived()?;
    disk.clear()?;
    trial.system.until_settled(PATIENCE).await
}

/// A digest has no room; the same has some later.
async fn of_a_digest(trial: &mut Trial<'_>) -> anyhow::Result<()> {
    let (instruction, folder) = trial.system.sample("full")?;
    let disk = Disk::mount(&folder, SMALL).context("mount a small file system")?;
    disk.fill()?;
    let hopeless = Order::failing_digest("F13-no-room".to_owned(), instruction.clone());
    settle(trial, hopeless).await?;
    let look = "select coalesce(message, '') from job where key = 'F13-no-room'";
    let why: String = sqlx::query_scalar(look).fetch_one(trial.system.database.pool()).await?;
    ensure!(why.contains(" is full: "), "it does not tell what is full: {why}");
    disk.clear()?;
    ensure!(published(&folder)?.is_empty(), "something is left of it");
    settle(trial, Order::digest("F13-room".to_owned(), instruction)).await?;
    ensure!(!published(&folder)?.is_empty(), "nothing came of it");
    trial.survived()
}

async fn settle(trial: &Trial<'_>, order: Order) -> anyhow::Result<()> {
    submit::start(&trial.system, &trial.ledger, vec![order], Duration::ZERO).await??;
    trial.system.until_settled(PATIENCE).await
}

/// Tables cannot grow; then there is no room for the log either, and the server ends. Returns how
/// often a client was told to come back.
async fn of_the_database(bench: &Bench) -> anyhow::Result<u64> {
    let folder = bench.folder.join("F13-database");
    let disk = Disk::mount(&folder.join("disk"), LARGE).context("mount a small file system")?;
    fs::set_permissions(&disk.0, Permissions::from_mode(0o755))?;
    let cluster = Cluster::durable_in(&disk.0)?;
    let settings = Settings::default();
    let mut trial = Trial::on(&cluster, bench, Figure::F13, &folder, settings).await?;
    trial.system.start().await?;
    disk.fill()?;
    let orders = trial.orders(Order::mixed);
    let submitting = submit::start(&trial.system, &trial.ledger, orders, FULL);
    tokio::time::sleep(FULL).await;
    end_the_log(&trial.system, &cluster).await?;
    trial.survived()?;
    disk.clear()?;
    cluster.start_again()?;
    submitting.await??;
    trial.system.until_settled(PATIENCE).await?;
    trial.survived()?;
    let retries = trial.ledger.entries().retries;
    let line = trial.finish(Line::of(Figure::F13, "")).await?;
    ensure!(line.is_kept(), "{}", line.result);
    Ok(retries)
}

/// Asks for the next part of the write-ahead log until the server finds no room for it.
async fn end_the_log(system: &System, cluster: &Cluster) -> anyhow::Result<()> {
    until("the server ends", PATIENCE, async || {
        let next = "select pg_switch_wal(), pg_logical_emit_message(true, 'loadtest', 'next')";
        let asked = sqlx::query(next).execute(system.database.pool()).await;
        Ok((asked.is_err() && !cluster.runs()).then_some(()))
    })
    .await
}
