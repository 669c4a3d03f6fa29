//! Why an instruction cannot be read, and where.

/// The place in an instruction that cannot be read, what stands there, and what may.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} (line {line}, column {column}): found {found}, expected {expected}", name(path))]
pub struct Unreadable {
    /// The place as a JSON path: `[2].gobiiFileColumns[4].gobiiColumnType`; empty for the whole.
    pub path: String,
    /// The line in the text, from 1.
    pub line: usize,
    /// The column in its line, from 1, in characters.
    pub column: usize,
    /// What stands there, shortened.
    pub found: String,
    /// What may stand there.
    pub expected: String,
}

fn name(path: &str) -> &str {
    if path.is_empty() { "the instruction" } else { path }
}
