//! How many jobs came lately: told from the numbers that jobs are given, at the same cost however
//! many they are.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};
use schema::JobId;

use crate::{
    app::App,
    error::{ApiError, Doing as _},
    store,
};

use super::{chart, words};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The jobs that came in each minute of the last hour.
pub(super) async fn last_hour(app: &App) -> Result<Markup, ApiError> {
    let counts = accepted(app, MINUTE, 60).await?;
    Ok(figure(&counts, "in the last hour", "Jobs that came in each minute of the last hour"))
}

/// The jobs that came in each hour of the last day.
pub(super) async fn last_day(app: &App) -> Result<Markup, ApiError> {
    let counts = accepted(app, HOUR, 24).await?;
    Ok(figure(&counts, "in the last day", "Jobs that came in each hour of the last day"))
}

fn figure(counts: &[u64], when: &str, says: &str) -> Markup {
    let sum = words::counted(counts.iter().sum(), "job");
    html! {
        figure.bars #accepted {
            (chart::bars(counts, says))
            figcaption { b { (sum) } " " (when) }
        }
    }
}

/// How many jobs came in each of the last steps, the present one included.
async fn accepted(app: &App, step: Duration, steps: u32) -> Result<Vec<u64>, ApiError> {
    let bounds: Vec<_> = boundaries(Timestamp::now(), step, steps).map(JobId::first_at).collect();
    let numbers = store::search::numbers(&app.pages, &bounds).await.doing("count the jobs")?;
    Ok(numbers.windows(2).map(|pair| u64::try_from(pair[1] - pair[0]).unwrap_or(0)).collect())
}

/// Where steps begin and end, the last after now: at full minutes or hours, so that what is over
/// stays as it is.
fn boundaries(now: Timestamp, step: Duration, steps: u32) -> impl Iterator<Item = Timestamp> {
    let step = step.as_secs().cast_signed();
    let end = (now.as_second() / step + 1) * step;
    let bound = move |back| Timestamp::from_second(end - i64::from(back) * step);
    (0..=steps).rev().map(move |back| bound(back).unwrap_or(Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_full_and_the_last_holds_the_present() {
        let now = Timestamp::from_second(605).unwrap();
        let bounds: Vec<_> = boundaries(now, MINUTE, 3).map(Timestamp::as_second).collect();
        assert_eq!(bounds, [480, 540, 600, 660]);
    }
}
