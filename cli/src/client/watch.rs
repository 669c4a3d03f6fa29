//! `digester watch`.

use std::{process::ExitCode, time::Duration};

use console::Term;
use indicatif::{HumanBytes, HumanDuration, MultiProgress, ProgressBar, ProgressStyle};
use schema::{Job, JobId, JobStatus};

use super::{
    api::{Api, Common},
    follow::patiently,
    print,
};

/// How often the jobs are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How wide a bar may become.
const BAR_CHARS: std::ops::RangeInclusive<u16> = 8..=30;

/// What `watch` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// The jobs: each its id, or the key of its instruction.
    #[arg(required = true)]
    jobs: Vec<String>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let api = args.common.api()?;
    let mut ids = Vec::with_capacity(args.jobs.len());
    for name in &args.jobs {
        ids.push(api.resolve(name).await?);
    }
    all_to_the_end(&api, &ids, args.common.json).await
}

/// Follows a job until it is settled. Succeeds if the job does.
pub(crate) async fn to_the_end(api: &Api, id: JobId, json: bool) -> anyhow::Result<ExitCode> {
    all_to_the_end(api, &[id], json).await
}

/// Follows jobs until all are settled: bars where somebody looks, a line for every change elsewhere.
/// Succeeds if they all do.
async fn all_to_the_end(api: &Api, ids: &[JobId], json: bool) -> anyhow::Result<ExitCode> {
    let bars = MultiProgress::new();
    let mut watched: Vec<_> = ids.iter().map(|id| (*id, Watched::new(&bars, json))).collect();
    let mut all_completed = true;
    while !watched.is_empty() {
        let mut left = Vec::with_capacity(watched.len());
        for (id, mut watch) in watched {
            let job = patiently(async || api.job(id).await).await?;
            watch.show(&job);
            if !job.status.is_settled() {
                left.push((id, watch));
                continue;
            }
            watch.bar.finish_and_clear();
            bars.suspend(|| print::settled(&job, json))?;
            all_completed &= job.status == JobStatus::Completed;
        }
        watched = left;
        if !watched.is_empty() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(if all_completed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A job under somebody's eyes.
struct Watched {
    bar: ProgressBar,
    /// Whether changes are told in lines.
    tells: bool,
    last: Option<(JobStatus, Option<String>)>,
}

impl Watched {
    fn new(bars: &MultiProgress, json: bool) -> Self {
        let bar = if json { ProgressBar::hidden() } else { bars.add(ProgressBar::new(0)) };
        bar.set_style(style());
        Self { bar, tells: !json && !Term::stderr().is_term(), last: None }
    }

    fn show(&mut self, job: &Job) {
        let now = (job.status, job.stage.clone());
        if self.tells && self.last.as_ref() != Some(&now) && !job.status.is_settled() {
            eprintln!("{}  {}  {}", job.key, job.status, job.stage.as_deref().unwrap_or_default());
        }
        let begins = self.last.as_ref() != Some(&now);
        self.last = Some(now);
        let progress = job.progress.unwrap_or_default();
        self.bar.set_length(progress.total.max(1));
        self.bar.set_position(progress.done);
        if begins {
            // What was done before somebody looked tells nothing of the pace.
            self.bar.reset_eta();
        }
        self.bar.set_prefix(job.status.to_string());
        self.bar.set_message(self.message(job));
        self.bar.tick();
    }

    fn message(&self, job: &Job) -> String {
        let progress = job.progress.unwrap_or_default();
        let Some(stage) = &job.stage else { return job.message.clone().unwrap_or_default() };
        let mut message = stage.clone();
        if progress.done < progress.total {
            let eta = Some(self.bar.eta()).filter(|eta| *eta > Duration::ZERO);
            message.extend(eta.map(|eta| format!(", {} left", HumanDuration(eta))));
            // Only of this kind it is known what is counted.
            if job.kind.as_str() == "loader" {
                let (done, total) = (HumanBytes(progress.done), HumanBytes(progress.total));
                message += &format!(", {done} of {total}");
            }
        }
        message
    }
}

fn style() -> ProgressStyle {
    let width = Term::stderr().size().1 / 4;
    let bar = width.clamp(*BAR_CHARS.start(), *BAR_CHARS.end());
    let style =
        format!("{{spinner}} {{prefix:9.cyan}} {{bar:{bar}}} {{percent:>3}} % {{wide_msg}}");
    ProgressStyle::with_template(&style).expect("the template is well formed")
}
