//! A digester that does nothing for a while: for trials of the service itself.

use std::{
    hint::black_box,
    io::{self, Write as _},
    process, thread,
    time::{Duration, Instant},
};

use regulator::Demand;
use schema::{Kind, Preview, Progress};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Digester, Glance, Needs, Outcome, Work};

/// How often it looks whether it is to stop.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How much is written where errors go by a digest that floods them, in bytes.
const FLOOD: usize = 1 << 30;

/// Executes `{"milliseconds": 500}` by sleeping; `{"panic": "why"}` and `{"fail": "why"}` end it
/// in those ways, and `{"harm": "abort"}` in that of a broken digester.
#[derive(Debug, Default)]
pub struct Sleep {
    is_expendable: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Order {
    milliseconds: u64,
    exclusive: Option<String>,
    fail: Option<String>,
    panic: Option<String>,
    harm: Option<Harm>,
}

/// What a broken digester does to the process that it is in.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Harm {
    /// Ends it.
    Abort,
    /// Calls itself until the stack is full.
    Overflow,
    /// Takes memory until there is none.
    Devour,
    /// Goes on whatever it is told.
    Loop,
    /// Writes a gigabyte where errors go, and completes.
    Flood,
}

impl Sleep {
    /// One for a process that ends with the digest, to which harm may be done.
    #[must_use]
    pub const fn expendable() -> Self {
        Self { is_expendable: true }
    }
}

impl Digester for Sleep {
    fn kind(&self) -> Kind {
        Kind::new("sleep").expect("a word is a kind")
    }

    fn needs(&self, instruction: &RawValue) -> Needs {
        let order: Order = serde_json::from_str(instruction.get()).unwrap_or_default();
        Needs {
            demand: Demand::default(),
            exclusive: order.exclusive,
            cost: Some(order.milliseconds),
        }
    }

    fn digest(&self, work: &Work) -> Outcome {
        let order: Order = match serde_json::from_str(work.instruction().get()) {
            Ok(order) => order,
            Err(error) => return failed(format!("the instruction cannot be read: {error}")),
        };
        work.stage("sleep", "sleeping");
        if !doze(work, Duration::from_millis(order.milliseconds)) {
            return Outcome::Stopped;
        }
        if let Some(why) = order.panic {
            panic!("{why}");
        }
        match order.harm {
            Some(harm) if self.is_expendable => do_harm(harm),
            Some(_) => {
                return failed("harm is for trials: `service.sandbox.trials`".to_owned());
            }
            None => {}
        }
        match order.fail {
            Some(why) => failed(why),
            None => Outcome::Completed { message: "woke up".to_owned(), report: None },
        }
    }

    fn preview(&self, instruction: &RawValue, _: &Glance) -> Option<Preview> {
        let (fine, message) = match serde_json::from_str::<Order>(instruction.get()) {
            Ok(Order { milliseconds, .. }) => (true, format!("would sleep {milliseconds} ms")),
            Err(error) => (false, format!("the instruction cannot be read: {error}")),
        };
        Some(Preview { fine, message, node: None, report: None })
    }
}

fn failed(message: String) -> Outcome {
    Outcome::Failed { message, report: None }
}

/// Sleeps in small steps; `false` when it was told to stop.
fn doze(work: &Work, duration: Duration) -> bool {
    let begin = Instant::now();
    let total = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    while begin.elapsed() < duration {
        if work.is_cancelled() {
            return false;
        }
        let done = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        work.progress(Progress { done, total });
        thread::sleep(LOOK_EVERY.min(duration.saturating_sub(begin.elapsed())));
    }
    true
}

fn do_harm(harm: Harm) {
    match harm {
        Harm::Abort => process::abort(),
        Harm::Overflow => drop(black_box(overflow(0))),
        Harm::Devour => devour(),
        Harm::Loop => loop {
            thread::park();
        },
        Harm::Flood => flood(),
    }
}

fn overflow(depth: u64) -> u64 {
    match black_box(depth) {
        u64::MAX => 0,
        depth => black_box(overflow(depth + 1)) + 1,
    }
}

fn devour() -> ! {
    let mut eaten = Vec::new();
    loop {
        eaten.push(black_box(vec![1u8; 1 << 20]));
    }
}

fn flood() {
    let line = [[b'!'; 1023].as_slice(), b"\n"].concat();
    let mut errors = io::stderr().lock();
    for _ in 0..FLOOD / line.len() {
        let _ = errors.write_all(&line); // Whether anybody reads it is not the question.
    }
}
