//! What one figure came to, in one line.

use serde::Serialize;

use crate::say;

use super::figures::Figure;

/// Whether a promise held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// It held.
    Held,
    /// It did not.
    Broken,
    /// It cannot be asked yet.
    NotYet,
}

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    /// Which figure.
    pub(super) figure: &'static str,
    /// What was done, for people.
    pub(super) title: &'static str,
    /// How often.
    pub(super) count: String,
    /// Whether the promise held.
    pub(super) verdict: Verdict,
    /// What was found.
    pub(super) result: String,
    /// The worst that was seen.
    pub(super) worst: String,
}

impl Line {
    /// A line about a promise that held.
    pub(super) fn of(figure: Figure, count: impl Into<String>) -> Self {
        Self {
            figure: figure.word(),
            title: figure.title(),
            count: count.into(),
            verdict: Verdict::Held,
            result: String::new(),
            worst: String::new(),
        }
    }

    /// A line about something that cannot be asked yet.
    pub(super) fn not_yet(figure: Figure, needs: &str) -> Self {
        let result = format!("not yet: needs {needs}");
        Self { verdict: Verdict::NotYet, result, ..Self::of(figure, "") }
    }

    /// The same, with what was found wrong.
    pub(super) fn judged(self, result: String, wrong: &[String]) -> Self {
        match wrong {
            [] => Self { result, ..self },
            [first, ..] => Self {
                verdict: Verdict::Broken,
                result: format!("{result}; {} wrong, such as: {first}", wrong.len()),
                ..self
            },
        }
    }

    /// Whether no promise was broken.
    pub(super) fn is_kept(&self) -> bool {
        self.verdict != Verdict::Broken
    }

    fn cells(&self, seed: u64) -> Vec<String> {
        let verdict = match self.verdict {
            Verdict::Held => "held",
            Verdict::Broken => "BROKEN",
            Verdict::NotYet => "—",
        };
        let seed = match self.verdict {
            Verdict::NotYet => String::new(),
            _ => seed.to_string(),
        };
        let words = [self.figure, self.title, &self.count, &seed, verdict, &self.result];
        words.into_iter().chain([self.worst.as_str()]).map(str::to_owned).collect()
    }
}

/// Prints the table.
pub(super) fn print(lines: &[Line], seed: u64, json: bool) -> anyhow::Result<()> {
    if json {
        let table = serde_json::json!({ "seed": seed, "figures": lines });
        return say::result(&serde_json::to_string_pretty(&table)?);
    }
    let head = ["figure", "what", "N", "seed", "", "result", "worst"].map(str::to_owned).to_vec();
    let rows = std::iter::once(head).chain(lines.iter().map(|line| line.cells(seed)));
    for line in say::columns(&rows.collect::<Vec<_>>()) {
        say::result(&line)?;
    }
    Ok(())
}
