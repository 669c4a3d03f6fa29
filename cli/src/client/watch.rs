//! `digester watch`.

use std::{process::ExitCode, time::Duration};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use schema::{Job, JobId, JobStatus};

use super::{
    api::{Api, Common},
    print,
};

/// How often the job is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What `watch` is told.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// The job: its id, or the key of its instruction.
    job: String,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let api = args.common.api()?;
    let id = api.resolve(&args.job).await?;
    to_the_end(&api, id, args.common.json).await
}

/// Follows a job until it is settled: a bar where somebody looks, a line for every change
/// elsewhere. Succeeds if the job does.
pub(crate) async fn to_the_end(api: &Api, id: JobId, json: bool) -> anyhow::Result<ExitCode> {
    let bar = Bar::new(json);
    loop {
        let job = api.job(id).await?;
        bar.show(&job);
        if job.status.is_settled() {
            bar.0.finish_and_clear();
            print::settled(&job, json)?;
            return Ok(match job.status {
                JobStatus::Completed => ExitCode::SUCCESS,
                _ => ExitCode::FAILURE,
            });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A progress bar on standard error; hidden where that is no terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(hidden: bool) -> Self {
        if hidden {
            return Self(ProgressBar::hidden());
        }
        let style = "{spinner} {prefix:10} {bar:30} {percent:>3} %  {msg}";
        let bar = ProgressBar::new(0);
        bar.set_style(ProgressStyle::with_template(style).expect("the template is well formed"));
        Self(bar)
    }

    fn show(&self, job: &Job) {
        let progress = job.progress.unwrap_or_default();
        self.0.set_length(progress.total.max(1));
        self.0.set_position(progress.done);
        self.0.set_prefix(job.status.to_string());
        self.0.set_message(match (&job.stage, progress.total) {
            (None, _) => job.message.clone().unwrap_or_default(),
            (Some(stage), 0) => stage.clone(),
            (Some(stage), total) => {
                format!("{stage}, {} of {}", HumanBytes(progress.done), HumanBytes(total))
            }
        });
        self.0.tick();
    }
}
