//! Tells others of the ends of jobs.
//!
//! What is to be told is written by the statement that settles a job, so nothing is lost. Here it is
//! taken from the table, told, and tried again until it was taken or is given up.

mod address;
mod config;
mod email;
mod webhook;

pub use config::{Encryption, NotificationConfig, Origin, Password, SmtpConfig};
pub use email::Letter;

use std::time::Duration;

use futures_util::future::join_all;
use schema::{Job, JobStatus, Notify};
use serde_json::{Value, json};
use tracing::{info, warn};

use self::webhook::{Message, Webhooks};
use crate::{
    app::App,
    store::{self, notification::Due},
};

/// How many are to be told of one job at most.
const MAX_TARGETS: usize = 8;
/// How long a target's name may be.
const MAX_TARGET_BYTES: usize = 2000;
/// How often is looked for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How much is tried at once.
const AT_ONCE: u32 = 16;
/// How long a try is nobody else's; longer than it may take.
const LEASE: Duration = Duration::from_secs(120);
/// How large the body of a webhook may be; without its report a job is much smaller.
const MAX_BODY_BYTES: usize = 256 << 10;
/// How much is kept of why a try failed.
const MAX_ERROR_CHARS: usize = 500;

/// Why a try failed.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    /// It may well succeed later.
    Passing(String),
    /// It never will.
    Final(String),
}

/// Refuses who may not be told.
pub(crate) fn check(config: Option<&NotificationConfig>, notify: &[Notify]) -> Result<(), String> {
    if notify.len() > MAX_TARGETS {
        return Err(format!("at most {MAX_TARGETS} are told of a job, these are {}", notify.len()));
    }
    notify.iter().try_for_each(|to| check_one(config, to))
}

fn check_one(config: Option<&NotificationConfig>, to: &Notify) -> Result<(), String> {
    if to.to_string().len() > MAX_TARGET_BYTES {
        return Err(format!("whom to notify is longer than {MAX_TARGET_BYTES} bytes"));
    }
    let config = config.ok_or("notifications are not switched on here: leave out `notify`")?;
    match (to, &config.smtp) {
        (Notify::Webhook(url), _) => webhook::allowed(config, url).map(drop),
        (Notify::Email(to), Some(smtp)) => email::allowed(smtp, to).map(drop),
        (Notify::Email(_), None) => Err("e-mail is not switched on here".to_owned()),
    }
}

/// Who is told, for others to read: of a webhook only where it is, since whoever knows the rest could
/// speak to it.
pub(crate) fn brief(to: &Notify) -> String {
    match to {
        Notify::Email(to) => to.clone(),
        Notify::Webhook(url) => {
            url.parse().map_or_else(|_| "a webhook".to_owned(), |url| Origin::of(&url).to_string())
        }
    }
}

/// Tells what is due, until told to stop; nothing at all, if nothing is switched on.
pub(crate) async fn run(app: App) {
    let Some(config) = app.config.notifications.clone() else { return };
    let teller = Teller { app, config, webhooks: Webhooks::new() };
    while !teller.app.shutdown.is_cancelled() {
        let told = teller.round().await.unwrap_or_else(|error| {
            warn!(error = &error as &dyn std::error::Error, "could not tell what is due");
            0
        });
        if told == 0 {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = teller.app.shutdown.cancelled() => {}
            }
        }
    }
}

struct Teller {
    app: App,
    config: NotificationConfig,
    webhooks: Webhooks,
}

impl Teller {
    /// Tells what is due now; returns how much it was.
    async fn round(&self) -> sqlx::Result<usize> {
        let due = store::notification::claim(&self.app.db, AT_ONCE, LEASE).await?;
        let told = join_all(due.iter().map(|due| self.tell(due))).await;
        told.into_iter().collect::<sqlx::Result<Vec<()>>>()?;
        Ok(due.len())
    }

    async fn tell(&self, due: &Due) -> sqlx::Result<()> {
        let (db, id) = (&self.app.db, due.job);
        let failure = match self.try_tell(due).await? {
            Ok(()) => {
                info!(job.id = %id, "told of the end of job {id}");
                return store::notification::sent(db, due).await;
            }
            Err(failure) => failure,
        };
        let (why, again) = match failure {
            Failure::Passing(why) => (why, self.config.again_after(due.tries)),
            Failure::Final(why) => (why, None),
        };
        let outlook = if again.is_some() { "tried again" } else { "given up" };
        warn!(job.id = %id, notification.id = due.id, "the end of job {id} is {outlook}: {why}");
        let why: String = why.chars().take(MAX_ERROR_CHARS).collect();
        store::notification::failed(db, due, &why, again).await
    }

    async fn try_tell(&self, due: &Due) -> sqlx::Result<Result<(), Failure>> {
        let Some(job) = store::job::find_whole(&self.app.db, due.job).await? else {
            return Ok(Err(Failure::Final("the job was forgotten".to_owned())));
        };
        let id = format!("ntf_{}_{}", due.job.0.simple(), due.id);
        Ok(match &due.to {
            Notify::Webhook(url) => {
                self.webhooks.send(&self.config, Message { url, id, body: body(&job) }).await
            }
            Notify::Email(to) => match &self.config.smtp {
                Some(smtp) => email::send(smtp, to, &id, self.letter(&job).await?).await,
                None => Err(Failure::Final("e-mail is not switched on".to_owned())),
            },
        })
    }

    /// In the words of its kind, if the kind has any.
    async fn letter(&self, job: &Job) -> sqlx::Result<Letter> {
        let instruction = store::instruction::find(&self.app.db, &job.key).await?;
        let special =
            instruction.and_then(|it| self.app.kind(&job.kind)?.letter(job, it.body.get()));
        Ok(special.unwrap_or_else(|| plain_letter(job)))
    }
}

/// What a webhook is sent: the event, when it was, and the job; with its report if there is room.
fn body(job: &Job) -> Vec<u8> {
    let event = |job: &Job, report_left_out: bool| {
        let mut data = json!({"job": job});
        if report_left_out {
            data["report_left_out"] = Value::Bool(true);
        }
        let at = job.settled_at.unwrap_or(job.updated_at);
        let event = json!({"type": format!("job.{}", job.status), "timestamp": at, "data": data});
        event.to_string().into_bytes()
    };
    let whole = event(job, false);
    match whole.len() > MAX_BODY_BYTES {
        true => event(&Job { report: None, ..job.clone() }, true),
        false => whole,
    }
}

/// What there is to say of a job of any kind.
fn plain_letter(job: &Job) -> Letter {
    let outcome = outcome(job.status);
    let message = job.message.as_deref().unwrap_or_default();
    let text = format!("job {} ({}) is {}\n\n{message}\n", job.key, job.id, job.status);
    let html =
        maud::html! { p { "job " (job.key) " (" (job.id) ") is " (job.status) } p { (message) } };
    let subject = format!("[digester] {} {outcome}", job.key);
    Letter { subject, text, html: html.into_string() }
}

/// The end of a job in one word, as letters say it.
pub(crate) fn outcome(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Completed => "Success",
        JobStatus::Cancelled => "Cancelled",
        _ => "Failed",
    }
}
