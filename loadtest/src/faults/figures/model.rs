//! F18: random operations, against the web service and a model of it.

use anyhow::{Context as _, ensure};
use schema::{AddressedPatch, ItemAnswer, Job, JobId, JobPatch, JobStatus, NodeId};
use serde::Deserialize;

use crate::{
    dice::Dice,
    system::{Answer, Settings, Wire},
};

use super::{
    super::{
        Bench, campaign,
        line::Line,
        model::{Expected, Model},
        order::Order,
        trial::Trial,
    },
    Figure,
};

/// How many operations there are for each fault asked for.
const PER_FAULT: u32 = 50;
/// How often, in a thousand operations, the web service is killed.
const KILLS: u16 = 2;
/// Operations are about the youngest so many jobs.
const YOUNGEST: usize = 6;

/// The jobs there are, as they ought to be.
struct World {
    wire: Wire,
    dice: Dice,
    jobs: Vec<(JobId, Model)>,
}

/// One operation after the other; each is compared.
pub(super) async fn run(bench: &Bench) -> anyhow::Result<Line> {
    let settings = Settings { nodes: 0, ..Settings::default() };
    let mut trial = Trial::start(bench, Figure::F18, settings).await?;
    let (wire, dice) = (trial.system.wire(), trial.dice.fork());
    let mut world = World { wire, dice, jobs: Vec::new() };
    let operations = bench.args.faults * PER_FAULT;
    let mut kills = 0;
    for number in 0..operations {
        if world.dice.chance(KILLS) {
            campaign::kill_web(&mut trial.system)?;
            trial.system.until_web_is_ready().await?;
            world.wire = trial.system.wire();
            kills += 1;
        }
        if let Err(divergence) = world.operate(number).await {
            trial.ledger.wrong(format!("operation {number}: {divergence:#}"));
            break;
        }
    }
    let result = format!("{} jobs, the web service killed {kills} times", world.jobs.len());
    let wrong = trial.ledger.entries().wrong.clone();
    trial.system.database.drop_it().await;
    Ok(Line::of(Figure::F18, format!("{operations} operations")).judged(result, &wrong))
}

#[derive(Deserialize)]
struct Accepted {
    job: Job,
}

impl World {
    async fn operate(&mut self, number: u32) -> anyhow::Result<()> {
        match self.dice.below(10) {
            _ if self.jobs.is_empty() => self.submit(number).await,
            0 => self.submit(number).await,
            1 => self.cancel().await,
            2 => self.rerun().await,
            3 => self.patch_many().await,
            _ => self.patch().await,
        }
    }

    async fn submit(&mut self, number: u32) -> anyhow::Result<()> {
        let body = Order::sleep(format!("F18-{number}"), 0).body();
        let first = self.wire.call("POST", "/instruction", &body).await?;
        let again = self.wire.call("POST", "/instruction", &body).await?;
        expect(&first, &[201], "submitting")?;
        expect(&again, &[200], "submitting again")?;
        let (job, same): (Accepted, Accepted) = (first.json()?, again.json()?);
        ensure!(job.job.id == same.job.id, "one key made two jobs");
        self.jobs.push((job.job.id, Model::new()));
        Ok(())
    }

    async fn cancel(&mut self) -> anyhow::Result<()> {
        let place = self.choose();
        let (id, model) = &mut self.jobs[place];
        model.cancel();
        let answer = self.wire.call("POST", &format!("/job/{id}/cancel"), b"").await?;
        expect(&answer, &[200], "cancelling")?;
        self.compare(place).await
    }

    async fn rerun(&mut self) -> anyhow::Result<()> {
        let place = self.choose();
        let (id, model) = &self.jobs[place];
        let answer = self.wire.call("POST", &format!("/job/{id}/rerun"), b"").await?;
        let status = if model.status.is_settled() { 201 } else { 409 };
        expect(&answer, &[status], "doing over")?;
        if status == 201 {
            self.jobs.push((answer.json::<Job>()?.id, Model::new()));
        }
        self.compare(place).await
    }

    async fn patch(&mut self) -> anyhow::Result<()> {
        let place = self.choose();
        let patch = self.make_patch(place);
        let (id, model) = &mut self.jobs[place];
        let expected = model.patch(&patch);
        let body = serde_json::to_vec(&patch)?;
        let answer = self.wire.call("PATCH", &format!("/job/{id}"), &body).await?;
        let what = || format!("{} on {model:?}", String::from_utf8_lossy(&body));
        match expected {
            Expected::Taken => expect(&answer, &[200], "a patch").with_context(what)?,
            Expected::Unchanged => expect(&answer, &[200, 409], "a patch").with_context(what)?,
        }
        self.compare(place).await
    }

    /// Several at once, perhaps of one job: each counts as if it came alone.
    async fn patch_many(&mut self) -> anyhow::Result<()> {
        let (mut items, mut expected, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.dice.between(1, 4) {
            let place = self.choose();
            let patch = self.make_patch(place);
            let (id, model) = &mut self.jobs[place];
            expected.push(model.patch(&patch));
            items.push(AddressedPatch { id: *id, patch, traceparent: None });
            places.push(place);
        }
        let body = serde_json::to_vec(&items)?;
        let answer = self.wire.call("PATCH", "/job", &body).await?;
        expect(&answer, &[200], "many patches")?;
        let answers: Vec<ItemAnswer> = answer.json()?;
        ensure!(answers.len() == items.len(), "{} answers to {}", answers.len(), items.len());
        for (answer, expected) in answers.iter().zip(expected) {
            let refused = answer.taken.is_none() && expected == Expected::Taken;
            ensure!(!refused, "{:?} to one of {}", answer.problem, String::from_utf8_lossy(&body));
        }
        for place in places {
            self.compare(place).await?;
        }
        Ok(())
    }

    /// Something a node might say: mostly what fits, and often what does not.
    fn make_patch(&mut self, place: usize) -> JobPatch {
        let attempt = self.jobs[place].1.attempt;
        let dice = &mut self.dice;
        let statuses = [JobStatus::Running, JobStatus::Submitted, JobStatus::Completed]
            .into_iter()
            .chain([JobStatus::Failed, JobStatus::Cancelled, JobStatus::Running])
            .map(Some)
            .chain([None, None])
            .collect::<Vec<_>>();
        let node = *dice.pick(&["node-a", "node-a", "node-a", "node-b"]);
        JobPatch {
            attempt: (attempt + u32::from(dice.chance(500)))
                .saturating_sub(u32::from(dice.chance(100))),
            sequence: u32::try_from(dice.below(6)).expect("below six"),
            node: NodeId::new(node).expect("a word is a node"),
            status: *dice.pick(&statuses),
            demand: None,
            cut_short: false,
            stage: dice.chance(300).then(|| "stage".to_owned()),
            progress: None,
            message: dice.chance(300).then(|| "message".to_owned()),
            report: None,
        }
    }

    async fn compare(&mut self, place: usize) -> anyhow::Result<()> {
        let (id, model) = &self.jobs[place];
        let answer = self.wire.call("GET", &format!("/job/{id}"), b"").await?;
        let job: Job = answer.json()?;
        let is = (job.status, job.attempt, job.cancel_requested);
        let ought = (model.status, model.attempt, model.cancel_requested);
        ensure!(is == ought, "job {id} is {is:?}, and ought to be {ought:?}");
        Ok(())
    }

    fn choose(&mut self) -> usize {
        let count = self.jobs.len();
        let back = self.dice.below(count.min(YOUNGEST) as u64);
        count - 1 - usize::try_from(back).expect("an index fits")
    }
}

fn expect(answer: &Answer, statuses: &[u16], what: &str) -> anyhow::Result<()> {
    let body = String::from_utf8_lossy(&answer.body);
    ensure!(statuses.contains(&answer.status), "{what} was answered {}: {body}", answer.status);
    Ok(())
}
