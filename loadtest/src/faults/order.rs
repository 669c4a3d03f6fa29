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
    pub(super) fn poison(key: String, dice: &mut Dice) -> Self {
        let works = [
            r#"{"milliseconds":1,"panic":"on purpose"}"#,
            r#"{"milliseconds":1,"fail":"on purpose"}"#,
            r#"{"milliseconds":"what?"}"#,
        ];
        let work = (*dice.pick(&works)).to_owned();
        Self { key, end: JobStatus::Failed, kind: "sleep", work }
    }

    /// Mostly short work, now and then poison.
    pub(super) fn mixed(key: String, dice: &mut Dice) -> Self {
        match dice.chance(80) {
            true => Self::poison(key, dice),
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
