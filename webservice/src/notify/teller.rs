//! Tells what is due, again and again until it was taken or is given up.

use std::time::Duration;

use futures_util::future::join_all;
use schema::{Job, Notify};
use tokio::time::sleep;
use tracing::{info, warn};

use super::{
    Failure, Letter, NotificationConfig, body, email, plain_letter,
    webhook::{Message, Webhooks},
};
use crate::{
    app::App,
    gobii::Mirror,
    metrics::Told,
    store::{
        self,
        notification::{Due, Lane},
    },
};

/// How often is looked for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How much is tried at once.
const AT_ONCE: u32 = 16;
/// How long a try is nobody else's; longer than it may take.
const LEASE: Duration = Duration::from_secs(120);
/// How long tries that are under way may go on when the service stops; another process makes them anew.
const GRACE: Duration = Duration::from_secs(2);
/// How much is kept of why a try failed.
const MAX_ERROR_CHARS: usize = 500;
/// How often a job is shown in one try, if it changes meanwhile.
const MAX_LOOKS: u32 = 3;

/// How somebody is told.
pub(super) enum Way {
    People(NotificationConfig, Webhooks),
    Mirror(Mirror),
}

impl Way {
    const fn lane(&self) -> Lane {
        match self {
            Self::People(..) => Lane::People,
            Self::Mirror(_) => Lane::Mirrors,
        }
    }
}

/// Tells what is due in one way.
pub(super) struct Teller {
    pub(super) app: App,
    /// How often, and when, is tried again.
    pub(super) retries: NotificationConfig,
    pub(super) way: Way,
}

impl Teller {
    pub(super) async fn run(&self) {
        tokio::select! {
            () = self.go_on() => {}
            () = self.enough() => {}
        }
    }

    async fn go_on(&self) {
        while !self.app.shutdown.is_cancelled() {
            let told = self.round().await.unwrap_or_else(|error| {
                warn!(error = &error as &dyn std::error::Error, "could not tell what is due");
                0
            });
            if told == 0 {
                tokio::select! {
                    () = sleep(LOOK_EVERY) => {}
                    () = self.app.shutdown.cancelled() => {}
                }
            }
        }
    }

    /// Whoever does not answer keeps the service from stopping no longer than this.
    async fn enough(&self) {
        self.app.shutdown.cancelled().await;
        sleep(GRACE).await;
    }

    /// Tells what is due now; returns how much it was.
    async fn round(&self) -> sqlx::Result<usize> {
        let lane = self.way.lane();
        let due = store::notification::claim(&self.app.db, lane, AT_ONCE, LEASE).await?;
        let told = join_all(due.iter().map(|due| self.tell(due))).await;
        told.into_iter().collect::<sqlx::Result<Vec<()>>>()?;
        Ok(due.len())
    }

    async fn tell(&self, due: &Due) -> sqlx::Result<()> {
        let (db, id, metrics) = (&self.app.db, due.job, &self.app.metrics);
        let failure = match self.try_tell(due).await? {
            Ok(()) => {
                info!(job.id = %id, "told of job {id}");
                metrics.told(Told::Sent);
                return store::notification::sent(db, due).await;
            }
            Err(failure) => failure,
        };
        let (why, again) = match failure {
            Failure::Passing(why) => (why, self.retries.again_after(due.tries)),
            Failure::Final(why) => (why, None),
        };
        metrics.told(if again.is_some() { Told::Failed } else { Told::Dead });
        let outlook = if again.is_some() { "tried again" } else { "given up" };
        warn!(job.id = %id, notification.id = due.id, "to tell of job {id} is {outlook}: {why}");
        let why: String = why.chars().take(MAX_ERROR_CHARS).collect();
        store::notification::failed(db, due, &why, again).await
    }

    async fn try_tell(&self, due: &Due) -> sqlx::Result<Result<(), Failure>> {
        let Some(job) = store::job::find_whole(&self.app.db, due.job).await? else {
            return Ok(Err(Failure::Final("the job was forgotten".to_owned())));
        };
        let id = format!("ntf_{}_{}", due.job.0.simple(), due.id);
        match (&self.way, &due.to) {
            (Way::People(config, webhooks), Notify::Webhook(url)) => {
                Ok(webhooks.send(config, Message { url, id, body: body(&job) }).await)
            }
            (
                Way::People(config @ NotificationConfig { smtp: Some(smtp), .. }, _),
                Notify::Email(to),
            ) => {
                let ca = config.ca.as_deref();
                Ok(email::send(smtp, ca, to, &id, self.letter(&job).await?).await)
            }
            (Way::Mirror(mirror), Notify::Mirror(_)) => self.show(mirror, job).await,
            _ => Ok(Err(Failure::Final("that is not switched on".to_owned()))),
        }
    }

    /// In the words of its kind, if the kind has any.
    async fn letter(&self, job: &Job) -> sqlx::Result<Letter> {
        let instruction = store::instruction::find(&self.app.db, &job.key).await?;
        let special =
            instruction.and_then(|it| self.app.kind(&job.kind)?.letter(job, it.body.get()));
        Ok(special.unwrap_or_else(|| plain_letter(job)))
    }

    /// Shows how the newest job of the same instruction stands now, which is what a mirror keeps: so it
    /// does not matter in which order it is told. If the job changes meanwhile, it is shown again.
    async fn show(&self, mirror: &Mirror, mut job: Job) -> sqlx::Result<Result<(), Failure>> {
        let db = &self.app.db;
        let Some(instruction) = store::instruction::find(db, &job.key).await? else {
            return Ok(Err(Failure::Final("the instruction was forgotten".to_owned())));
        };
        let mut shown = None;
        for _ in 0..MAX_LOOKS {
            job = store::job::latest_of(db, &job.key).await?.unwrap_or(job);
            if shown == Some((job.id, job.status)) {
                break;
            }
            if let Err(failure) = mirror.show(&job, instruction.body.get()).await {
                return Ok(Err(failure));
            }
            shown = Some((job.id, job.status));
        }
        Ok(Ok(()))
    }
}
