//! F2: every named step of both services, once the last that a process took, and once the last for a
//! while.

use std::time::Duration;

use anyhow::Context as _;
use edge::{FAIL_VARIABLE, How, Step};

use crate::system::{Environment, Process, Settings, Signal, System, until};

use super::{
    super::{Bench, campaign, line::Line, order::Order, submit, trial::Trial},
    Figure,
};

/// How long a lease is, in seconds: short, since whoever is gone must be missed each time.
const LEASE_SECONDS: u32 = 2;
/// How long a process stands still: its lease has lapsed by then.
const STANDSTILL: Duration = Duration::from_secs(3);
/// How many jobs are submitted for each step.
const JOBS: u32 = 6;
/// How long such a job sleeps; a longer one runs when the other node is gone.
const WORK_MS: u64 = 30;
const LONG_WORK_MS: u64 = 5000;
/// How long the step is awaited before the other node is killed, before it is started again, and
/// altogether.
const USUAL: Duration = Duration::from_millis(1500);
const LAPSE: Duration = Duration::from_secs(6);
const PATIENCE: Duration = Duration::from_secs(60);

/// Who comes to the step.
const VICTIM: usize = 0;
/// The node that goes on meanwhile.
const OTHER: usize = 1;

/// Every step, in both ways.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let settings = Settings { nodes: 2, lease_seconds: LEASE_SECONDS, ..Settings::default() };
    let mut trial = Trial::start(bench, Figure::F2, settings).await?;
    let mut count = 0;
    for step in Step::WEB.into_iter().chain(Step::NODE) {
        for how in [How::Kill, How::Stop] {
            let name = format!("{}-{}", step.name(), how.name());
            let case = Case { step, how, is_web: Step::WEB.contains(&step), name };
            case.run(&mut trial).await.with_context(|| case.name.clone())?;
            count += 1;
        }
    }
    let line = Line::of(Figure::F2, format!("{count} cases: every step, killed and stopped"));
    trial.finish(Line { result: "every step was come to".to_owned(), ..line }).await
}

/// Clients that submit in the background.
type Submitting = tokio::task::JoinHandle<anyhow::Result<()>>;

/// A step, and how it is the last.
struct Case {
    step: Step,
    how: How,
    is_web: bool,
    name: String,
}

impl Case {
    async fn run(&self, trial: &mut Trial<'_>) -> anyhow::Result<()> {
        let plan = format!("{}:{}:1", self.step.name(), self.how.name());
        self.restart(&mut trial.system, vec![(FAIL_VARIABLE, plan)])?;
        // A node may come to some steps before it is ready, by what the one before it left.
        let early = [Step::Heard, Step::Replaying, Step::Delivered, Step::Released];
        if !self.is_web && !early.contains(&self.step) {
            trial.system.until_node_is_ready(VICTIM).await?;
        }
        let submitting = self.submit(trial, "first")?;
        let then = match self.until_it_shows(&mut trial.system, USUAL).await {
            Ok(()) => None,
            Err(_) => Some(self.come_to_it_alone(trial).await?),
        };
        self.go_on(&mut trial.system).await?;
        for submitting in [Some(submitting), then].into_iter().flatten() {
            submitting.await??;
        }
        trial.system.until_settled(PATIENCE).await?;
        trial.system.until_node_is_ready(VICTIM).await
    }

    fn submit(&self, trial: &Trial<'_>, when: &str) -> anyhow::Result<Submitting> {
        let orders = self.orders(&trial.system, when)?;
        Ok(submit::start(&trial.system, &trial.ledger, orders, Duration::ZERO))
    }

    fn orders(&self, system: &System, when: &str) -> anyhow::Result<Vec<Order>> {
        let key = |number: u32| format!("F2-{}-{when}-{number}", self.name);
        if self.step == Step::Publishing {
            let (instruction, _) = system.sample(&format!("{}-{when}", self.name))?;
            return Ok((0..JOBS).map(|n| Order::digest(key(n), instruction.clone())).collect());
        }
        let taken_away = self.step == Step::TakenAway;
        let work = if taken_away { LONG_WORK_MS } else { WORK_MS };
        Ok((0..JOBS).map(|number| Order::sleep(key(number), work)).collect())
    }

    /// Waits until the process comes to the step without the other node, or because of what becomes of
    /// that one.
    async fn come_to_it_alone(&self, trial: &mut Trial<'_>) -> anyhow::Result<Submitting> {
        if let Some(process) = trial.system.nodes[OTHER].process.take() {
            process.kill()?;
        }
        let submitting = self.submit(trial, "then")?;
        let shown = self.until_it_shows(&mut trial.system, LAPSE).await.is_ok();
        trial.system.start_node(OTHER)?;
        if !shown {
            self.until_it_shows(&mut trial.system, PATIENCE).await?;
        }
        Ok(submitting)
    }

    async fn until_it_shows(&self, system: &mut System, patience: Duration) -> anyhow::Result<()> {
        until("the process comes to the step", patience, async || {
            let process = self.process(system).as_mut();
            let shows = process.is_none_or(|process| match self.how {
                How::Kill => !process.is_alive(),
                How::Stop => process.is_stopped(),
            });
            Ok(shows.then_some(()))
        })
        .await
    }

    async fn go_on(&self, system: &mut System) -> anyhow::Result<()> {
        if self.how == How::Kill {
            return self.restart(system, Environment::new());
        }
        tokio::time::sleep(STANDSTILL).await;
        let process = self.process(system).as_ref();
        process.map_or(Ok(()), |process| process.signal(Signal::Continue))
    }

    fn process<'a>(&self, system: &'a mut System) -> &'a mut Option<Process> {
        match self.is_web {
            true => &mut system.web,
            false => &mut system.nodes[VICTIM].process,
        }
    }

    fn restart(&self, system: &mut System, environment: Environment) -> anyhow::Result<()> {
        if self.is_web {
            system.web_environment = environment;
            return campaign::kill_web(system);
        }
        system.nodes[VICTIM].environment = environment;
        campaign::kill_node(system, VICTIM)
    }
}
