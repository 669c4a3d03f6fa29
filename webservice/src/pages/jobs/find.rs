//! Finds what a list shows, in a bounded time however many jobs there are.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use schema::{Job, JobId, JobStatus};

use crate::{
    app::App,
    error::{ApiError, Doing as _},
    pages::words,
    store::search::{self, Look, Stretch, Wanted},
};

use super::filter::Filter;

/// How many jobs a page shows.
const PAGE: usize = 50;
/// How many of the newest jobs are looked at one by one at first, and before the clock is.
const AT_ONCE: i64 = 20_000;
/// How many are passed over at once if none of them can be wanted.
const SKIPPED: i64 = 4 * AT_ONCE;
/// How much longer the next piece is that is looked at, where an index tells which jobs are worth it
/// and the one before was `CHEAP`.
const GROWTH: u32 = 4;
const CHEAP: Duration = Duration::from_millis(50);
/// For how long is looked: as long as a reader does not mind.
const PATIENCE: Duration = Duration::from_millis(400);

/// A page of jobs.
pub(super) struct Found {
    pub(super) jobs: Vec<Job>,
    /// Where to go on.
    pub(super) next: Option<JobId>,
    /// Whether there may be more before `next` that nobody had the time to look at.
    pub(super) gave_up: bool,
}

/// What is asked for, of these tenants or of all.
pub(super) async fn find(
    app: &App,
    filter: &Filter,
    tenants: Option<&[String]>,
) -> Result<Found, ApiError> {
    let wanted = Wanted { tenants, ..filter.wanted() };
    let mut found = match wanted.may_be_rare() {
        true => look_through(app, &wanted, filter.stretch()).await?,
        false => look_up(app, &wanted, filter.stretch()).await?,
    };
    if let Some(text) = &filter.text
        && *filter == (Filter { text: filter.text.clone(), ..Filter::default() })
    {
        bring_named(app, text, tenants, &mut found.jobs).await?;
    }
    Ok(found)
}

/// What is sure to be found soon.
async fn look_up(app: &App, wanted: &Wanted<'_>, all: Stretch) -> Result<Found, ApiError> {
    // One more than is shown tells whether there is a next page.
    newest(app, wanted, all, PAGE + 1).await.map(page)
}

async fn newest(
    app: &App,
    wanted: &Wanted<'_>,
    stretch: Stretch,
    limit: usize,
) -> Result<Vec<Job>, ApiError> {
    let found = search::newest(&app.pages, wanted, stretch, Look::AtEach, limit as i64).await;
    found.doing("list the jobs")
}

/// `None` if an index leads to too many.
async fn newest_if_soon(
    app: &App,
    wanted: &Wanted<'_>,
    stretch: Stretch,
    limit: usize,
) -> Result<Option<Vec<Job>>, ApiError> {
    let found = search::newest_if_soon(&app.pages, wanted, stretch, limit as i64).await;
    match found.doing("list the jobs") {
        Err(error) if error.is_too_slow() => Ok(None),
        found => found.map(Some),
    }
}

fn page(mut jobs: Vec<Job>) -> Found {
    let more = jobs.len() > PAGE;
    jobs.truncate(PAGE);
    let next = jobs.last().filter(|_| more).map(|job| job.id);
    Found { jobs, next, gave_up: false }
}

/// What may take long to find: piece by piece from the newest on, as long as there is time.
async fn look_through(
    app: &App,
    wanted: &Wanted<'_>,
    mut rest: Stretch,
) -> Result<Found, ApiError> {
    let begun = Instant::now();
    if wanted.status == Some(JobStatus::Completed) {
        rest = behind_waiting(app, rest, begun).await?;
    }
    let mut piece = last(app, rest, AT_ONCE).await?;
    let mut span = covered(piece) * GROWTH;
    let mut jobs = newest(app, wanted, piece, PAGE + 1).await?;
    let mut by_index = !wanted.is_hidden();
    while jobs.len() <= PAGE && piece.from != rest.from {
        if begun.elapsed() > PATIENCE {
            return Ok(Found { jobs, next: Some(piece.from), gave_up: true });
        }
        rest.before = piece.from;
        let (looked, wanting) = (Instant::now(), PAGE + 1 - jobs.len());
        if by_index {
            let wider = earlier(rest, span);
            match newest_if_soon(app, wanted, wider, wanting).await? {
                Some(found) => {
                    jobs.extend(found);
                    piece = wider;
                    if looked.elapsed() < CHEAP {
                        span = span.saturating_mul(GROWTH);
                    }
                }
                // Where there are that many, one is soon met.
                None => by_index = false,
            }
        } else {
            piece = last(app, rest, AT_ONCE).await?;
            jobs.extend(newest(app, wanted, piece, wanting).await?);
            by_index = !wanted.is_hidden();
            span = covered(piece) * GROWTH;
        }
    }
    Ok(page(jobs))
}

/// A stretch without those at its end that all wait or run, of which there may be many.
async fn behind_waiting(app: &App, mut rest: Stretch, begun: Instant) -> Result<Stretch, ApiError> {
    while begun.elapsed() < PATIENCE {
        let piece = last(app, rest, SKIPPED).await?;
        let unsettled = search::unsettled_of(&app.pages, piece).await.doing("list the jobs")?;
        if unsettled < SKIPPED {
            break;
        }
        rest.before = piece.from;
    }
    Ok(rest)
}

async fn last(app: &App, stretch: Stretch, jobs: i64) -> Result<Stretch, ApiError> {
    search::last(&app.pages, stretch, jobs).await.doing("list the jobs")
}

/// How much time a stretch of jobs covers; never none, so that looking earlier gets somewhere.
fn covered(stretch: Stretch) -> Duration {
    let at = |id: JobId| id.made_at().unwrap_or_else(Timestamp::now);
    words::between(at(stretch.from), at(stretch.before)).max(Duration::from_secs(1))
}

/// So much time at the end of a stretch; all of it if that is where it begins.
fn earlier(stretch: Stretch, span: Duration) -> Stretch {
    let from = stretch.before.made_at().and_then(|end| end.checked_sub(span).ok());
    let from = from.map_or(stretch.from, JobId::first_at);
    Stretch { from: from.max(stretch.from).min(stretch.before), ..stretch }
}

/// Puts the jobs of the instruction in front whose very name was asked for, however old they are.
async fn bring_named(
    app: &App,
    text: &str,
    tenants: Option<&[String]>,
    jobs: &mut Vec<Job>,
) -> Result<(), ApiError> {
    let named = search::of_instruction(&app.pages, text, tenants, PAGE as i64).await;
    let named = named.doing("look up the instruction's jobs")?;
    jobs.retain(|job| named.iter().all(|named| named.id != job.id));
    jobs.splice(0..0, named);
    Ok(())
}
