use std::time::Duration;

use serde_json::Value;

use crate::{Ask, Books, Moment, Running};

/// The order of what waits, in two levels: queues by their score, jobs within a queue by their place.
///
/// A job's place is fixed when it joins, and a queue's score changes only when one of its own jobs
/// joins, starts or ends. That is what lets the line be kept in ordered trees: one step costs
/// O(log n), however many wait.
pub trait Rank: Send {
    /// Its name in strategies and explanations.
    fn name(&self) -> &'static str;

    /// The queue a job stands in.
    fn queue<'a>(&self, _ask: &'a Ask) -> &'a str {
        ""
    }

    /// Where it stands there: the least goes first, equals in the order they came.
    fn place(&self, _ask: &Ask, since: Moment) -> i64 {
        since.as_micros()
    }

    /// How the queue stands among queues: the least goes first.
    fn score(&self, _queue: &str, _books: &Books) -> f64 {
        0.0
    }

    /// The queue had no one waiting, and now has.
    fn joined(&mut self, _queue: &str) {}

    /// A job of the queue starts.
    fn started(&mut self, _queue: &str, _run: &Running) {}

    /// A job of the queue ended after running so long.
    fn finished(&mut self, _queue: &str, _run: &Running, _ran: Duration) {}

    /// By what jobs are ordered, in words, for this one.
    fn describe(&self, ask: &Ask, books: &Books) -> String;

    /// What it must not forget when parameters change or the process restarts.
    fn remember(&self) -> Value {
        Value::Null
    }

    /// Takes up what a rank of the same name remembered.
    fn recall(&mut self, _memory: &Value) {}
}
