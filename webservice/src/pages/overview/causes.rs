//! Why jobs failed lately: what is said in the same words but for names and numbers has one cause.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use maud::{Markup, html};
use schema::JobId;

use crate::{
    app::App,
    error::{ApiError, Doing as _},
    pages::{chart, error::sentence, words},
    store::search::{self, Failure},
};

/// How far back is looked, in steps of so long.
const STEP: Duration = Duration::from_secs(6 * 60 * 60);
const STEPS: usize = 28;
/// How many failures are looked at, at most: the newest.
const LOOKED_AT: i64 = 2000;
/// How many causes are told.
const TOLD: usize = 8;

/// Failures that have the same cause.
struct Cause {
    words: String,
    latest: Failure,
    count: u64,
    /// How often in each step, the last being the present one.
    steps: Vec<u64>,
}

pub(super) async fn section(app: &App) -> Result<Markup, ApiError> {
    let now = Timestamp::now();
    let from = now - STEP * STEPS as u32;
    let failures = search::failures(&app.pages, JobId::first_at(from), LOOKED_AT).await;
    let failures = failures.doing("look up what failed")?;
    let capped = failures.len() as i64 == LOOKED_AT;
    let causes = group(failures, now);
    Ok(html! {
        section #failures {
            h2 { "What failed, and why" }
            @if causes.is_empty() {
                p.hint { "Nothing failed in the last seven days." }
            } @else {
                p.hint {
                    @if capped { "The newest " (words::count(LOOKED_AT.unsigned_abs())) " failures" }
                    @else { "The last seven days" }
                    ", by cause · "
                    a href="/jobs?status=failed" { "all failed jobs" }
                }
                ol.causes { @for cause in causes.iter().take(TOLD) { (line(cause)) } }
                @if causes.len() > TOLD {
                    p.hint { "and " (words::counted((causes.len() - TOLD) as u64, "rarer cause")) "." }
                }
            }
        }
    })
}

fn line(cause: &Cause) -> Markup {
    html! {
        li {
            span.number { (words::count(cause.count)) }
            div.what {
                (sentence(&cause.words))
                span.message {
                    "last " (words::moment(cause.latest.at)) ": "
                    a href={ "/jobs/" (cause.latest.job) } { (cause.latest.key) }
                }
            }
            (chart::bars(&cause.steps, "How often in each six hours of the last seven days"))
        }
    }
}

/// The causes, the most frequent first.
fn group(failures: Vec<Failure>, now: Timestamp) -> Vec<Cause> {
    let mut causes: HashMap<String, Cause> = HashMap::new();
    for failure in failures {
        let words = cause(failure.message.as_deref().unwrap_or("no reason was given"));
        let back = words::between(failure.at, now).as_secs() / STEP.as_secs();
        let step = STEPS.checked_sub(1 + back as usize);
        // The newest comes first, and stays the latest.
        let cause = causes.entry(words.clone()).or_insert_with(|| Cause {
            words,
            latest: failure,
            count: 0,
            steps: vec![0; STEPS],
        });
        cause.count += 1;
        if let Some(step) = step {
            cause.steps[step] += 1;
        }
    }
    let mut causes: Vec<_> = causes.into_values().collect();
    causes.sort_by(|a, b| b.count.cmp(&a.count).then(b.latest.job.cmp(&a.latest.job)));
    causes
}

/// A message without the place it tells of, what it quotes, and its numbers.
fn cause(message: &str) -> String {
    let message = without_place(message);
    let mut words = String::new();
    let mut letters = message.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '“' => {
                words.push_str("“…”");
                letters.by_ref().find(|letter| *letter == '”');
            }
            '0'..='9' => {
                while letters.next_if(char::is_ascii_digit).is_some() {}
                words.push('#');
            }
            letter => words.push(letter),
        }
    }
    words
}

/// What stands behind `/folder/file:line:column: `.
fn without_place(message: &str) -> &str {
    match message.split_once(": ") {
        Some((place, rest)) if place.starts_with('/') => rest,
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_quotes_and_numbers_make_no_other_cause() {
        let said = [
            (
                "/in/a b.hmp.txt:58:35: the row has 23 calls, the first row 24 (cell “S2_1: x”)",
                "the row has # calls, the first row # (cell “…”)",
            ),
            ("given up: attempt 1 was cut short", "given up: attempt # was cut short"),
            ("/in/a: no such file", "no such file"),
            ("“never closed", "“…”"),
        ];
        for (message, words) in said {
            assert_eq!(cause(message), words);
        }
    }

    #[test]
    fn the_most_frequent_cause_comes_first_with_its_newest_failure() {
        let now = Timestamp::from_second(100_000_000).unwrap();
        let failure = |job: u128, hours: i64, message: &str| Failure {
            job: JobId(uuid::Uuid::from_u128(job)),
            key: String::new(),
            at: now - Duration::from_secs(hours.unsigned_abs() * 3600),
            message: Some(message.to_owned()),
        };
        let failures = vec![
            failure(4, 0, "b 1"),
            failure(3, 1, "a"),
            failure(2, 7, "b 2"),
            failure(1, 999, "b 3"),
        ];
        let causes = group(failures, now);
        let tell = |cause: &Cause| (cause.words.clone(), cause.count, cause.latest.job.0.as_u128());
        let told: Vec<_> = causes.iter().map(tell).collect();
        assert_eq!(told, [("b #".to_owned(), 3, 4), ("a".to_owned(), 1, 3)]);
        assert_eq!(causes[0].steps[STEPS - 2..], [1, 1], "what is older is only counted");
    }
}
