//! Which parts of the input feed which columns of the output, in words that suit every kind.

/// What an instruction makes of its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The parts of the input that are read, in their order.
    pub sources: Vec<Source>,
    /// What is made of them.
    pub tables: Vec<MappedTable>,
}

/// A part of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is called: `column 4`.
    pub name: String,
    /// Where it begins, and what else is to be known of it.
    pub detail: String,
}

/// A table that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedTable {
    /// Its name.
    pub name: String,
    /// Its columns, left to right.
    pub columns: Vec<MappedColumn>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedColumn {
    /// Its name.
    pub name: String,
    /// Where its values come from.
    pub origin: Origin,
    /// What is done to them, a phrase each.
    pub notes: Vec<String>,
}

/// Where values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From the input: the place in [`Mapping::sources`].
    Source(usize),
    /// Always this text.
    Constant(String),
    /// Counted.
    Counter,
    /// From nowhere; it is a heading only.
    Nothing,
}
