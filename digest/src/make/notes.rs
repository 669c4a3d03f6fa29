//! What is found in a chunk: errors up to a number, warnings counted.

use schema::{Finding, Severity};

use super::row::Line;

/// How much of a cell is shown.
const SHOWN_CHARS: usize = 40;

/// How many places of a tolerated call are kept; one more of them is an error.
pub(crate) const PLACES: usize = 20;

/// A finding whose file, and perhaps sample, is not yet known.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) finding: Finding,
    /// The cell within the matrix's row, from 0.
    pub(crate) call: Option<usize>,
}

/// What is tolerated, and worth knowing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Warned {
    /// A call that is not supported, and was written as missing.
    Call,
    /// A row that begins with empty values, so that what follows stands further left.
    Shift,
    /// A cell that says that there is nothing, and was emptied.
    Blank,
}

impl Warned {
    pub(crate) const ALL: [Self; 3] = [Self::Call, Self::Shift, Self::Blank];
}

/// Everything found in a chunk.
#[derive(Debug)]
pub(crate) struct Notes {
    pub(crate) errors: Vec<Note>,
    pub(crate) warnings: [(u64, Vec<Note>); Warned::ALL.len()],
    max_errors: usize,
}

/// A place in the input, counted from 0.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) number: u64,
    pub(super) line: Line<'a>,
    pub(super) cell: Option<usize>,
    /// The cell within the matrix's row.
    pub(super) call: Option<usize>,
}

impl Notes {
    pub(crate) fn new(max_errors: usize) -> Self {
        Self { errors: Vec::new(), warnings: Default::default(), max_errors }
    }

    /// Whether more errors would be of no use.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.len() >= self.max_errors
    }

    pub(super) fn error(&mut self, place: Place<'_>, finding: Finding) {
        if !self.is_full() {
            self.errors.push(note(place, finding));
        }
    }

    /// The same, for something that may be there several times in a row.
    pub(super) fn warn_of(
        &mut self,
        kind: Warned,
        times: u64,
        place: Place<'_>,
        finding: impl FnOnce() -> Finding,
    ) {
        if times > 0 {
            self.warn(kind, place, finding);
            self.warnings[kind as usize].0 += times - 1;
        }
    }

    /// Counts it, and makes the finding only for the first ones.
    pub(super) fn warn(
        &mut self,
        kind: Warned,
        place: Place<'_>,
        finding: impl FnOnce() -> Finding,
    ) {
        let (count, first) = &mut self.warnings[kind as usize];
        *count += 1;
        if first.len() < PLACES {
            let mut finding = finding();
            finding.severity = Severity::Warning;
            first.push(note(place, finding));
        }
    }
}

fn note(place: Place<'_>, mut finding: Finding) -> Note {
    finding.line = Some(place.number + 1);
    finding.excerpt = Some(Box::new(place.line.excerpt(place.cell)));
    finding.column = place.cell.map(|cell| cell as u64 + 1);
    Note { finding, call: place.call }
}

/// A cell as people may see it.
pub(crate) fn shown(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(&cell[..cell.len().min(4 * SHOWN_CHARS)]);
    let text: String = text.chars().take(SHOWN_CHARS + 1).collect();
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
