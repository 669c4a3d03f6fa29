//! `digester events`.

use std::{collections::HashMap, process::ExitCode};

use jiff::Timestamp;
use schema::{Job, JobEvent, JobFilter, JobId, Limit};

use super::{
    api::{Api, Common},
    follow::{History, LOOK_EVERY, patiently},
    logs::tell,
    print,
};
use crate::data::say;

/// How many of the newest jobs are looked at beside those that are still to be done.
const NEWEST: Limit = Limit::MANY;

/// What `events` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// The job: its id, or the key of its instruction. Without it, the newest jobs and all that wait
    /// or run.
    job: Option<String>,
    /// Go on as it happens: of one job until its end, of all until stopped.
    #[arg(long, short)]
    follow: bool,
}

/// What happened, an event a line; with `--json` an object a line.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let api = args.common.api()?;
    match &args.job {
        Some(name) => {
            let id = api.resolve(name).await?;
            History::of(id).tell(&api, args.follow, |event| tell(event, args.common.json)).await?;
        }
        None => of_all(&api, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn of_all(api: &Api, args: &Args) -> anyhow::Result<()> {
    let mut watched = Watched::default();
    loop {
        for event in watched.news(api).await? {
            match args.common.json {
                true => say(&serde_json::to_string(&event)?)?,
                false => say(&format!("{}  {}", event.job, print::event(&event)))?,
            }
        }
        if !args.follow {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The jobs that may have news: the newest, and those still to be done.
#[derive(Default)]
struct Watched(HashMap<JobId, (Timestamp, History)>);

impl Watched {
    /// What happened since it was last asked, in the order in which it did.
    async fn news(&mut self, api: &Api) -> anyhow::Result<Vec<JobEvent>> {
        let mut now = HashMap::new();
        let mut events = Vec::new();
        for job in jobs(api).await? {
            let before = self.0.remove(&job.id);
            let is_new = before.as_ref().is_none_or(|(at, _)| *at != job.updated_at);
            let mut history = before.map_or(History::of(job.id), |(_, history)| history);
            if is_new && !now.contains_key(&job.id) {
                events.extend(history.news(api).await?);
            }
            now.entry(job.id).or_insert((job.updated_at, history));
        }
        // What is neither new nor to be done any more has come to its end, perhaps a moment ago.
        for (_, mut history) in self.0.drain().map(|(_, watched)| watched) {
            events.extend(history.news(api).await?);
        }
        self.0 = now;
        events.sort_by_key(|event| event.id);
        Ok(events)
    }
}

async fn jobs(api: &Api) -> anyhow::Result<Vec<Job>> {
    let newest = JobFilter { limit: Some(NEWEST), ..JobFilter::default() };
    let limit = Some(Limit::MOST);
    let to_do = JobFilter { settled: Some(false), limit, ..JobFilter::default() };
    // In this order: what settles between the two questions is among the first answer.
    let mut jobs = patiently(async || api.jobs(&to_do).await).await?.items;
    jobs.extend(patiently(async || api.jobs(&newest).await).await?.items);
    Ok(jobs)
}
