//! Tells others of the ends of jobs.
//!
//! What is to be told is written by the statement that settles a job, so nothing is lost. Here it is
//! taken from the table, told, and tried again until it was taken or is given up.

mod address;
mod config;
mod email;
mod teller;
mod webhook;

pub use config::{Encryption, NotificationConfig, Origin, Password, SmtpConfig};
pub use email::Letter;

use schema::{Job, JobStatus, Notify};
use serde_json::{Value, json};

use self::{
    teller::{Teller, Way},
    webhook::Webhooks,
};
use crate::{
    app::App,
    config::Config,
    gobii::{MIRROR, Mirror},
};

/// How many are to be told of one job at most.
const MAX_TARGETS: usize = 8;
/// How long a target's name may be.
const MAX_TARGET_BYTES: usize = 2000;
/// How large the body of a webhook may be; without its report a job is much smaller.
const MAX_BODY_BYTES: usize = 256 << 10;
/// Why a try failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It may well succeed later.
    Passing(String),
    /// It never will.
    Final(String),
}

/// Refuses who may not be told.
pub(crate) fn check(config: &Config, notify: &[Notify]) -> Result<(), String> {
    if notify.len() > MAX_TARGETS {
        return Err(format!("at most {MAX_TARGETS} are told of a job, these are {}", notify.len()));
    }
    notify.iter().try_for_each(|to| check_one(config, to))
}

fn check_one(config: &Config, to: &Notify) -> Result<(), String> {
    if to.to_string().len() > MAX_TARGET_BYTES {
        return Err(format!("whom to notify is longer than {MAX_TARGET_BYTES} bytes"));
    }
    if let Notify::Mirror(name) = to {
        let mirrors = config.gobii.as_ref().is_some_and(|gobii| gobii.mirror.is_some());
        let known = mirrors && name == MIRROR;
        return known.then_some(()).ok_or_else(|| format!("there is no mirror {name:?} here"));
    }
    let people = config.notifications.as_ref();
    let people = people.ok_or("notifications are not switched on here: leave out `notify`")?;
    match (to, &people.smtp) {
        (Notify::Webhook(url), _) => webhook::allowed(people, url).map(drop),
        (Notify::Email(to), Some(smtp)) => email::allowed(smtp, to).map(drop),
        _ => Err("e-mail is not switched on here".to_owned()),
    }
}

/// Who is told, for others to read: of a webhook only where it is, since whoever knows the rest could
/// speak to it.
pub(crate) fn brief(to: &Notify) -> String {
    match to {
        Notify::Email(to) => to.clone(),
        Notify::Mirror(name) => format!("the server {name}"),
        Notify::Webhook(url) => {
            url.parse().map_or_else(|_| "a webhook".to_owned(), |url| Origin::of(&url).to_string())
        }
    }
}

/// Tells what is due, until told to stop; nothing at all, if nothing is switched on.
pub(crate) async fn run(app: App) {
    let people = app.config.notifications.clone();
    let gobii = app.config.gobii.as_ref();
    let mirror = gobii.and_then(|gobii| Mirror::of(gobii, &app.calls));
    let retries = people.clone().unwrap_or_default();
    let lane = async |way: Option<Way>| {
        if let Some(way) = way {
            Teller { app: app.clone(), retries: retries.clone(), way }.run().await;
        }
    };
    let people = people.map(|config| Way::People(config, Webhooks::new(&app.hooks)));
    tokio::join!(lane(people), lane(mirror.map(Way::Mirror)));
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
