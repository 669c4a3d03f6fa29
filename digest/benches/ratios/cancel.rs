//! How long a digest goes on once nobody wants it.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use digest::{Observer, Options, Stage};
use schema::{Progress, gobii::LoaderInstruction};

/// When it is asked to end: while it reads, while it turns.
const AFTER: [u64; 8] = [20, 60, 100, 140, 180, 220, 260, 300];

/// Asks for the end at a moment.
struct Until(Instant);

impl Observer for Until {
    fn stage(&self, _: Stage, _: &str) {}
    fn progress(&self, _: Progress) {}
    fn is_cancelled(&self) -> bool {
        Instant::now() >= self.0
    }
}

/// The longest that any of some cancelled digests went on, and how many of them were cut short.
pub(crate) fn longest(instruction: &Path) -> (Duration, usize) {
    let instruction = LoaderInstruction::parse(&fs::read_to_string(instruction).unwrap()).unwrap();
    let went_on = AFTER.iter().filter_map(|after| {
        let end = Instant::now() + Duration::from_millis(*after);
        let outcome = digest::digest(&instruction, &Options::default(), &Until(end));
        outcome.is_err().then(|| Instant::now().saturating_duration_since(end))
    });
    let went_on: Vec<_> = went_on.collect();
    (went_on.iter().max().copied().unwrap_or_default(), went_on.len())
}
