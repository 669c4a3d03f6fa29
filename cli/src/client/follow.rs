//! Following what happens, through restarts of the web service.

use std::time::{Duration, Instant};

use schema::{Job, JobEvent, JobId};

use super::api::{self, Api};

/// How often is asked what is new.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a web service may be away before it is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until there is an answer, as long as the web service is merely away.
pub(crate) async fn patiently<T>(
    mut ask: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let begin = Instant::now();
    loop {
        match ask().await {
            Err(error) if api::is_away(&error) && begin.elapsed() < PATIENCE => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            answer => return answer,
        }
    }
}

/// A job's history, read piece by piece.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    job: JobId,
    after: i64,
}

impl History {
    /// From its beginning.
    pub(crate) const fn of(job: JobId) -> Self {
        Self { job, after: 0 }
    }

    /// The same behind what was read already.
    pub(crate) fn behind(mut self, events: &[JobEvent]) -> Self {
        self.after = events.last().map_or(self.after, |last| last.id);
        self
    }

    /// Tells what happened so far, and, if `on` is set, goes on until the job has come to its end;
    /// returns the job as it is then.
    pub(crate) async fn tell(
        mut self,
        api: &Api,
        on: bool,
        tell: impl Fn(&JobEvent) -> anyhow::Result<()>,
    ) -> anyhow::Result<Job> {
        loop {
            // The job first: what was told before its end is then in the history.
            let job = patiently(async || api.job(self.job).await).await?;
            self.news(api).await?.iter().try_for_each(&tell)?;
            if job.status.is_settled() || !on {
                return Ok(job);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What came since it was last asked, oldest first.
    pub(crate) async fn news(&mut self, api: &Api) -> anyhow::Result<Vec<JobEvent>> {
        let (job, after) = (self.job, self.after);
        let events = patiently(async || api.events(job, after).await).await?;
        self.after = events.last().map_or(after, |last| last.id);
        Ok(events)
    }
}
