//! How things are said: times, lengths, counts, statuses.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, Render, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schema::{Job, JobStatus, Progress};

/// What does not stand for itself in an address.
const NAME: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b':').remove(b'_').remove(b'~');

/// A moment: in UTC as it is sent, in the reader's zone once the script has seen it.
pub(super) fn moment(at: Timestamp) -> Markup {
    html! {
        time datetime=(exact(at)) { (at.strftime("%-d %b %Y, %H:%M:%S UTC")) }
    }
}

/// Since when something goes on; the script says for how long instead.
pub(super) fn since(begun: Timestamp) -> Markup {
    html! {
        span.since data-since=(exact(begun)) { "since " (begun.strftime("%H:%M:%S UTC")) }
    }
}

fn exact(at: Timestamp) -> impl Render {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// From one moment to the other; nothing if the clock went backwards.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).max(SignedDuration::ZERO).unsigned_abs()
}

/// A length of time, as exact as is of use.
pub(super) fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..10 => format!("{:.1} s", (time.as_millis() / 100) as f64 / 10.0),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A count, its thousands set apart.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut said = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// A count of things: `1 row`, `2 rows`.
pub(super) fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", count(number))
}

/// A number of bytes.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut size = bytes as f64;
    let mut unit = "B";
    for larger in UNITS {
        // What would be said as 1024 is one of the next.
        if size < 1023.95 {
            break;
        }
        (size, unit) = (size / 1024.0, larger);
    }
    match unit {
        "B" => format!("{bytes} B"),
        _ => format!("{size:.1} {unit}"),
    }
}

/// A part of the whole.
pub(super) fn percent(part: f64) -> String {
    format!("{:.2} %", 100.0 * part)
}

/// A job's status, as a badge.
pub(super) fn status(status: JobStatus) -> Markup {
    html! { span.status.(status.as_str()) { (status.as_str()) } }
}

/// A message without the folder of the file that it tells of.
pub(super) fn brief(message: &str) -> &str {
    let place = message.split_once(": ").map_or(message, |(place, _)| place);
    match place.rfind('/') {
        Some(slash) if place.starts_with('/') => &message[slash + 1..],
        _ => message,
    }
}

/// How long a job took, or has been at it.
pub(super) fn took(job: &Job) -> Markup {
    html! {
        @match (job.started_at, job.settled_at) {
            (Some(started), Some(settled)) => (length(between(started, settled))),
            (Some(started), None) if job.status == JobStatus::Running => (since(started)),
            _ => "–",
        }
    }
}

/// How far a job is that is being executed, if it tells.
pub(super) fn under_way(job: &Job) -> Option<Progress> {
    let running = job.status == JobStatus::Running;
    job.progress.filter(|progress| running && progress.total > 0)
}

/// A name as one segment of an address.
pub(super) fn segment(name: &str) -> String {
    utf8_percent_encode(name, NAME).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_as_exact_as_is_of_use() {
        let said = [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_999, "1.9 s"),
            (59_999, "59 s"),
            (125_000, "2 min 5 s"),
            (11_520_000, "3 h 12 min"),
            (180_000_000, "2 d 2 h"),
        ];
        for (ms, words) in said {
            assert_eq!(length(Duration::from_millis(ms)), words);
        }
    }

    #[test]
    fn only_the_folder_of_a_message_is_left_out() {
        let said = [
            ("/in/maize/a.vcf:7:1: 1/2 is no call", "a.vcf:7:1: 1/2 is no call"),
            ("given up: a/b", "given up: a/b"),
            ("digested 6 tables", "digested 6 tables"),
        ];
        for (message, words) in said {
            assert_eq!(brief(message), words);
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        let said = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (number, words) in said {
            assert_eq!(count(number), words);
        }
    }

    #[test]
    fn bytes_are_said_in_the_unit_that_fits() {
        let said = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_048_575, "1.0 MiB"),
            (3_806_626, "3.6 MiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (number, words) in said {
            assert_eq!(bytes(number), words);
        }
    }
}
