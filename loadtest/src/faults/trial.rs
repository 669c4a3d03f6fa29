//! One system on trial: jobs go in, things break, and at the end everything is looked at.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use crate::{
    dice::Dice,
    system::{Cluster, Process, Settings, System},
};

use super::{
    Bench, campaign,
    check::{self, Found},
    figures::Figure,
    ledger::Ledger,
    line::Line,
    order::Order,
    plan::{self, Step},
    submit, watch,
};

/// How long the system may take to settle everything once nothing is broken any more.
const SETTLE_PATIENCE: Duration = Duration::from_secs(120);

/// A system, what it promised, and the dice that decide what happens to it.
pub(super) struct Trial<'a> {
    pub(super) bench: &'a Bench,
    pub(super) figure: Figure,
    pub(super) system: System,
    pub(super) ledger: Arc<Ledger>,
    pub(super) dice: Dice,
}

impl<'a> Trial<'a> {
    /// Starts a fresh system.
    pub(super) async fn start(
        bench: &'a Bench,
        figure: Figure,
        settings: Settings,
    ) -> anyhow::Result<Self> {
        let mut trial = Self::make(bench, figure, settings).await?;
        trial.system.start().await?;
        Ok(trial)
    }

    /// Makes a fresh system that does not run yet.
    pub(super) async fn make(
        bench: &'a Bench,
        figure: Figure,
        settings: Settings,
    ) -> anyhow::Result<Self> {
        let folder = bench.folder.join(figure.word());
        Self::on(&bench.cluster, bench, figure, &folder, settings).await
    }

    /// The same on this database server, in this folder.
    pub(super) async fn on(
        cluster: &Cluster,
        bench: &'a Bench,
        figure: Figure,
        folder: &Path,
        settings: Settings,
    ) -> anyhow::Result<Self> {
        let mut dice = Dice::new(bench.args.seed);
        let system = System::make(&bench.digester, cluster, folder, settings, &mut dice).await?;
        Ok(Self { bench, figure, system, ledger: Arc::default(), dice })
    }

    /// Orders with keys of this trial.
    pub(super) fn orders(&mut self, make: fn(String, &mut Dice) -> Order) -> Vec<Order> {
        let prefix = format!("{}-{}", self.figure.word(), self.bench.args.seed);
        Order::many(&prefix, self.bench.args.jobs, &mut self.dice, make)
    }

    /// Submits the orders while the plan is carried out; returns how long it took from the end of
    /// both until everything was settled.
    pub(super) async fn run(
        &mut self,
        orders: Vec<Order>,
        steps: &[Step],
    ) -> anyhow::Result<Duration> {
        let submitting = submit::start(&self.system, &self.ledger, orders, plan::duration(steps));
        let watching = watch::start(&self.system, &self.ledger, self.dice.fork());
        campaign::run(&mut self.system, self.bench, &self.ledger, steps).await?;
        submitting.await.context("join the clients")??;
        let begin = Instant::now();
        self.system.until_settled(SETTLE_PATIENCE).await?;
        watching.abort();
        Ok(begin.elapsed())
    }

    /// Makes sure that no service has ended.
    pub(super) fn survived(&mut self) -> anyhow::Result<()> {
        let system = &mut self.system;
        let mut nodes = system.nodes.iter_mut().filter_map(|node| node.process.as_mut());
        ensure!(nodes.all(Process::is_alive), "a node did not survive");
        let web = system.web.as_mut();
        ensure!(web.is_some_and(Process::is_alive), "the web service did not survive");
        Ok(())
    }

    /// Looks at everything, and puts the system away.
    pub(super) async fn finish(self, line: Line) -> anyhow::Result<Line> {
        let found = check::all(&self.system, &self.ledger).await?;
        if found.most_attempts > self.bench.args.faults + 1 {
            self.ledger.wrong(format!("a job had {} attempts", found.most_attempts));
        }
        let line = self.tell(line, &found);
        self.system.database.drop_it().await;
        Ok(line)
    }

    fn tell(&self, line: Line, found: &Found) -> Line {
        let entries = self.ledger.entries();
        let result = format!(
            "{} jobs settled once, {} acknowledged, {} looks, {} retries{}{}",
            found.jobs,
            entries.accepted.len(),
            entries.looks,
            entries.retries,
            if line.result.is_empty() { "" } else { "; " },
            line.result,
        );
        let worst = format!(
            "{} attempts at one job, {} further in all, {:.1} s to settle one{}{}",
            found.most_attempts,
            found.further_attempts,
            found.longest.as_secs_f64(),
            if line.worst.is_empty() { "" } else { ", " },
            line.worst,
        );
        Line { worst, ..line }.judged(result, &entries.wrong)
    }
}
