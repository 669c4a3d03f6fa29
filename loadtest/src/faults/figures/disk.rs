//! F13: the disk of a node's state is full for a while.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::ensure;

use crate::system::{Process, Settings};

use super::{
    super::{Bench, line::Line, order::Order, submit, trial::Trial},
    Figure,
};

/// How large the disk is.
const SIZE: &str = "size=1m";
/// How long everything may take once there is room again.
const PATIENCE: Duration = Duration::from_secs(60);

/// A small file system, given back when dropped.
struct Disk(PathBuf);

impl Disk {
    /// Mounts one here, if we may.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).ok()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(at);
        let mounted = mount.output().ok()?.status.success();
        mounted.then(|| Self(at.to_owned()))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Leaves no room for anything.
    fn fill(&self) -> anyhow::Result<()> {
        let mut filler = File::create(self.filler())?;
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

/// Jobs run while nothing can be written down; then there is room again.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let mut trial = Trial::make(bench, Figure::F13, Settings::default()).await?;
    let Some(disk) = Disk::mount(&trial.system.state("node-1")) else {
        return Ok(Line::not_yet(Figure::F13, "the right to mount a small file system"));
    };
    trial.system.start().await?;
    disk.fill()?;
    let orders = trial.orders(Order::mixed);
    submit::start(&trial.system, &trial.ledger, orders, Duration::from_secs(2)).await??;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let node = trial.system.nodes[0].process.as_mut();
    ensure!(node.is_some_and(Process::is_alive), "the node did not survive a full disk");
    disk.clear()?;
    trial.system.until_settled(PATIENCE).await?;
    let line = Line::of(Figure::F13, format!("1 fill, {} jobs", bench.args.jobs));
    let result = "state of a node; scratch and database: not yet".to_owned();
    let line = trial.finish(Line { result, ..line }).await;
    drop(disk);
    line
}
