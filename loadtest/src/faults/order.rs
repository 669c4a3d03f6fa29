//! What is handed in, and what is to become of it.

use schema::JobStatus;

use crate::dice::Dice;

/// An instruction, and the truth about its end.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// The key that it is sent under, however often.
    pub(super) key: String,
    /// How its job is to end.
    pub(super) end: JobStatus,
    kind: &'static str,
    work: String,
}

/// A way not to end well.
pub(super) struct Harm {
    /// What keys of such orders end with.
    pub(super) word: &'static str,
    work: &'static str,
    end: JobStatus,
    /// What the job says in the end, among other words.
    pub(super) reason: &'static str,
}

impl Harm {
    const fn fatal(word: &'static str, work: &'static str, reason: &'static str) -> Self {
        Self { word, work, end: JobStatus::Failed, reason }
    }
}

/// How many of them, the first, no process needs to fear.
const HARMLESS: usize = 3;
/// How many of them take no time.
const SWIFT: usize = 6;
/// Every way. A gigabyte of complaints is no reason to fail.
pub(super) const HARMS: [Harm; 8] = [
    Harm::fatal("panic", r#"{"panic":"on purpose"}"#, "on purpose"),
    Harm::fatal("fail", r#"{"fail":"on purpose"}"#, "on purpose"),
    Harm::fatal("unreadable", r#"{"milliseconds":"what?"}"#, "cannot be read"),
    Harm::fatal("abort", r#"{"harm":"abort"}"#, "SIGABRT"),
    Harm::fatal("overflow", r#"{"harm":"overflow"}"#, "stack overflow"),
    Harm::fatal("devour", r#"{"harm":"devour"}"#, "out of memory at its limit"),
    Harm::fatal("loop", r#"{"harm":"loop"}"#, "longer than its deadline"),
    Harm { end: JobStatus::Completed, ..Harm::fatal("flood", r#"{"harm":"flood"}"#, "woke up") },
];

impl Order {
    /// Sleeps so long, and completes.
    pub(super) fn sleep(key: String, milliseconds: u64) -> Self {
        let work = format!(r#"{{"milliseconds":{milliseconds}}}"#);
        Self { key, end: JobStatus::Completed, kind: "sleep", work }
    }

    /// Digests sample data, and completes.
    pub(super) fn digest(key: String, instruction: String) -> Self {
        Self { key, end: JobStatus::Completed, kind: "loader", work: instruction }
    }

    /// Something that a digester cannot do.
    pub(super) fn poison(key: &str, dice: &mut Dice) -> Self {
        Self::of(dice.pick(&HARMS[..HARMLESS]), key)
    }

    /// Digests sample data, and fails.
    pub(super) fn failing_digest(key: String, instruction: String) -> Self {
        Self { end: JobStatus::Failed, ..Self::digest(key, instruction) }
    }

    /// Something that few processes survive, and that is soon over.
    pub(super) fn harmful(key: &str, dice: &mut Dice) -> Self {
        Self::of(dice.pick(&HARMS[..SWIFT]), key)
    }

    /// Ends in this way.
    pub(super) fn of(harm: &Harm, key: &str) -> Self {
        let Harm { word, work, end, .. } = harm;
        Self { key: format!("{key}-{word}"), end: *end, kind: "sleep", work: (*work).to_owned() }
    }

    /// Mostly short work, now and then poison.
    pub(super) fn mixed(key: String, dice: &mut Dice) -> Self {
        match dice.chance(80) {
            true => Self::poison(&key, dice),
            false => Self::sleep(key, dice.between(0, 80)),
        }
    }

    /// So many of them, with keys of their own.
    pub(super) fn many(
        prefix: &str,
        count: u32,
        dice: &mut Dice,
        make: fn(String, &mut Dice) -> Self,
    ) -> Vec<Self> {
        (0..count).map(|number| make(format!("{prefix}-{number}"), dice)).collect()
    }

    /// The request's body.
    pub(super) fn body(&self) -> Vec<u8> {
        let Self { key, kind, work, .. } = self;
        format!(r#"{{"key":"{key}","kind":"{kind}","body":{work}}}"#).into_bytes()
    }
}
